import type { ModelVersion } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../api.ts";
import { count, fixed } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { Comparison } from "./comparison.tsx";
import { detailsOf, type VersionDetails } from "./details.ts";
import { GateList, ImportanceBars } from "./model-parts.tsx";
import { VersionPlots } from "./version-plots.tsx";

/** A model, at the version that the address names: else its champion, else its newest. */
export function ModelPage() {
  const { name, version: asked } = useParams({ strict: false });
  const { against } = useSearch({ strict: false });
  const model = name ?? "";
  const { data, error } = useQuery({
    queryKey: ["models", model],
    queryFn: () => api.listModelVersions({ name: model }),
  });
  const version =
    asked === undefined
      ? (data?.find(({ aliases }) => aliases.includes("champion")) ?? data?.[0])
      : data?.find((one) => String(one.version) === asked);
  const other = data?.find((one) => one.version === against && one.version !== version?.version);
  return (
    <Page
      title={model}
      lead={version === undefined ? undefined : <Lead version={version} />}
      actions={
        <Link to="/lineage/$name" params={{ name: model }} className="button">
          Lineage
        </Link>
      }
    >
      {error === null ? null : <Problem error={error} />}
      {data !== undefined && version === undefined ? (
        <p>
          There is no version {asked} of {model}. The table of the model's own page shows those that there are.
        </p>
      ) : null}
      {data === undefined || version === undefined ? null : (
        <>
          <Panel title="Versions">
            <VersionTable versions={data} shown={version} other={other} />
          </Panel>
          {other === undefined ? null : <Comparison version={version} other={other} />}
          <VersionPlots
            key={`${version.version} ${other?.version}`}
            versions={other === undefined ? [version] : [version, other]}
          />
          {other === undefined ? <VersionPanels details={detailsOf(version)} /> : null}
        </>
      )}
    </Page>
  );
}

function Lead({ version }: { readonly version: ModelVersion }) {
  const { rows } = detailsOf(version);
  return (
    <>
      version {version.version}
      {version.aliases.length === 0 ? "" : `, ${version.aliases.join(", ")}`}, made <Ago atMs={version.createdAtMs} />
      {rows === undefined ? "" : ` from ${count(rows)} rows`}
    </>
  );
}

interface VersionTableProps {
  readonly versions: readonly ModelVersion[];
  readonly shown: ModelVersion;
  readonly other: ModelVersion | undefined;
}

function VersionTable({ versions, shown, other }: VersionTableProps) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Versions" style={{ maxHeight: 260 }}>
      <table className="data">
        <thead>
          <tr>
            <th>version</th>
            <th>aliases</th>
            <th className="number">validation AUC</th>
            <th className="number">test AUC</th>
            <th className="number">test log loss</th>
            <th className="number">calibration error</th>
            <th>made</th>
            <th>{versions.length > 1 ? "beside it" : ""}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => (
            <VersionRow key={one.version} version={one} shown={shown} isOther={one.version === other?.version} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface VersionRowProps {
  readonly version: ModelVersion;
  readonly shown: ModelVersion;
  readonly isOther: boolean;
}

function VersionRow({ version: { model, version, aliases, createdAtMs, ...rest }, shown, isOther }: VersionRowProps) {
  const { metrics } = (rest.details ?? {}) as VersionDetails;
  const isShown = version === shown.version;
  return (
    <tr aria-current={isShown ? "true" : undefined}>
      <td>
        <Link to="/models/$name/$version" params={{ name: model, version: String(version) }}>
          version {version}
        </Link>
      </td>
      <td>{aliases.join(", ")}</td>
      <td className="number">{fixed(metrics?.["validation"]?.["auc"])}</td>
      <td className="number">{fixed(metrics?.["test"]?.["auc"])}</td>
      <td className="number">{fixed(metrics?.["test"]?.["log_loss"])}</td>
      <td className="number">{fixed(metrics?.["test"]?.["calibration_error"])}</td>
      <td>
        <Ago atMs={createdAtMs} />
      </td>
      <td>{isShown ? null : <CompareBox shown={shown} version={version} isOther={isOther} />}</td>
    </tr>
  );
}

interface CompareBoxProps {
  readonly shown: ModelVersion;
  readonly version: number;
  readonly isOther: boolean;
}

function CompareBox({ shown, version, isOther }: CompareBoxProps) {
  const navigate = useNavigate();
  return (
    <label className="row">
      <input
        type="checkbox"
        checked={isOther}
        onChange={() =>
          void navigate({
            to: "/models/$name/$version",
            params: { name: shown.model, version: String(shown.version) },
            search: isOther ? {} : { against: version },
          })
        }
      />
      compare
    </label>
  );
}

function VersionPanels({ details }: { readonly details: VersionDetails }) {
  const { gates = [], importance = [], parameters = {}, signature } = details;
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="Gates">
          <GateList gates={gates} />
        </Panel>
        <Panel title="Parameters and signature">
          <dl className="body facts" style={{ margin: 0 }}>
            {(signature?.request ?? []).map(({ name, type }) => (
              <Fact key={`request ${name}`} name={`request: ${name}`} value={type} />
            ))}
            {Object.entries(parameters).map(([name, value]) => (
              <Fact key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
            ))}
          </dl>
        </Panel>
      </div>
      <Panel title="Importance by gain">
        <ImportanceBars importance={importance} />
      </Panel>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="mono">{value}</dd>
    </>
  );
}
