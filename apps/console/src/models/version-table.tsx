import type { ModelVersion } from "@millwright/client";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ago } from "../parts/time.tsx";
import { detailsOf, mainMetric } from "./details.ts";
import { figure, metricTitle } from "./metric-words.ts";

interface VersionTableProps {
  readonly versions: readonly ModelVersion[];
  readonly shown: ModelVersion;
  readonly other: ModelVersion | undefined;
}

/** A model's versions, the newest first; another one can be put beside the one that is shown. */
export function VersionTable({ versions, shown, other }: VersionTableProps) {
  const metric = mainMetric(detailsOf(shown));
  const second = metric === "log_loss" ? "accuracy" : metric === "auc" ? "log_loss" : "mae";
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Versions" style={{ maxHeight: 260 }}>
      <table className="data">
        <thead>
          <tr>
            <th>version</th>
            <th>aliases</th>
            <th className="number">test {metricTitle(metric)}</th>
            <th className="number">validation {metricTitle(metric)}</th>
            <th className="number">test {metricTitle(second)}</th>
            <th>gates</th>
            <th>made</th>
            <th>{versions.length > 1 ? "beside it" : ""}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => (
            <VersionRow
              key={one.version}
              version={one}
              shown={shown}
              isOther={one.version === other?.version}
              metrics={[metric, second]}
            />
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
  readonly metrics: readonly [string, string];
}

function VersionRow({ version: one, shown, isOther, metrics: [metric, second] }: VersionRowProps) {
  const { model, version, aliases, createdAtMs } = one;
  const { metrics, gates = [] } = detailsOf(one);
  const isShown = version === shown.version;
  const failed = gates.filter(({ passed }) => !passed).length;
  return (
    <tr aria-current={isShown ? "true" : undefined}>
      <td>
        <Link to="/models/$name/$version" params={{ name: model, version: String(version) }}>
          version {version}
        </Link>
      </td>
      <td>{aliases.join(", ")}</td>
      <td className="number">{figure(metrics?.["test"]?.[metric])}</td>
      <td className="number">{figure(metrics?.["validation"]?.[metric])}</td>
      <td className="number">{figure(metrics?.["test"]?.[second])}</td>
      <td>{failed === 0 ? "hold" : `${failed} ${failed === 1 ? "does" : "do"} not hold`}</td>
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
    <label className="row tight">
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
