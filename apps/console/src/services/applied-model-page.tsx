import type { AppliedService } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { SERVED_STATES } from "../graphs/served-states.ts";
import { bytes, count } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Snippet } from "../parts/snippet.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { LatencyPhases } from "./latency-phases.tsx";
import { TryModel } from "./try-model.tsx";
import { useInMemory } from "./use-in-memory.ts";

/** A model that one of KServe's documents asks for. */
export function AppliedModelPage() {
  const { name } = useParams({ from: "/services/models/$name" });
  const { data, error } = useQuery({ queryKey: ["applied-services"], queryFn: () => api.listAppliedServices() });
  const model = data?.find((one) => one.name === name && one.kind !== "InferenceGraph");
  return (
    <Page
      docs="how-to/kserve-yaml.md"
      title={name}
      lead={model === undefined ? undefined : `${model.kind} of an applied document`}
      actions={model === undefined ? undefined : <State {...SERVED_STATES[model.state]} />}
    >
      {error === null ? null : <Problem error={error} />}
      {data !== undefined && model === undefined ? (
        <p className="empty" role="alert">
          No applied document asks for a model of this name.
        </p>
      ) : null}
      {model === undefined ? null : (
        <>
          {model.reason === "" || model.state === "READY" ? null : <p className="notice">{model.reason}</p>}
          <TryModel key={name} name={name} url={model.url} />
          <About model={model} />
          <LatencyPhases model={name} />
        </>
      )}
    </Page>
  );
}

function About({ model: { name, storageUri, url } }: { readonly model: AppliedService }) {
  const { versions } = useInMemory(name);
  return (
    <Panel title="What is served">
      <div className="body stack">
        <dl className="facts">
          <dt>lies at</dt>
          <dd className="mono">{storageUri ?? "–"}</dd>
          {versions.map(({ version, bytes: taken, rows, lastAskedMs }) => (
            <Loaded
              key={version}
              version={version}
              told={`${bytes(taken)}, ${count(rows)} rows answered`}
              lastAskedMs={lastAskedMs}
            />
          ))}
        </dl>
        {url === null ? null : <Snippet text={`curl -s ${url.replace(/\/infer$/, "")}`} />}
      </div>
    </Panel>
  );
}

interface LoadedProps {
  readonly version: string;
  readonly told: string;
  readonly lastAskedMs: number | null;
}

function Loaded({ version, told, lastAskedMs }: LoadedProps) {
  return (
    <>
      <dt>version {version}</dt>
      <dd>
        {told}
        {lastAskedMs === null ? null : (
          <>
            , asked last <Ago atMs={lastAskedMs} />
          </>
        )}
      </dd>
    </>
  );
}
