import type { Occupancy } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { bytes, count, counted } from "../format.ts";
import { shortMs } from "../graphs/words.ts";
import { Panel } from "../parts/page.tsx";
import { Snippet } from "../parts/snippet.tsx";
import { Ago } from "../parts/time.tsx";
import { NotAnswering } from "./live-load.tsx";
import { MemoryBar } from "./memory-bar.tsx";
import { tookSince, type MeshSample, type Took } from "./mesh.ts";
import { MeshOverTime } from "./mesh-over-time.tsx";
import { ModelsInMemory } from "./models-in-memory.tsx";

const EVERY_MS = 2_000;
const SAMPLES_MAX = 150;
const EVICTIONS_SHOWN = 5;
const LIMIT_LINE = "limits: { servedModelsMb: 800 }";

/** What the serving process has in memory, of what it may, and what it did to have it there. */
export function InMemory() {
  const [samples, setSamples] = useState<readonly MeshSample[]>([]);
  const { data, error } = useQuery({
    queryKey: ["occupancy"],
    queryFn: async () => {
      const occupancy = await api.showOccupancy({ limit: 0 });
      setSamples((kept) => [...kept, { atMs: Date.now(), occupancy }].slice(-SAMPLES_MAX));
      return occupancy;
    },
    refetchInterval: EVERY_MS,
    staleTime: 0,
    retry: false,
  });
  if (error !== null)
    return (
      <Panel title="In memory">
        <NotAnswering error={error} />
      </Panel>
    );
  if (data === undefined || (data.modelCount === 0 && data.bytesMax === null)) return null;
  const isBounded = data.bytesMax !== null;
  return (
    <Panel title="In memory" aside={<span className="muted">{counted(data.modelCount, "model")}</span>}>
      <div className="body stack">
        <Totals occupancy={data} />
        {isBounded ? <MemoryBar occupancy={data} /> : <NoBound occupancy={data} />}
        {isBounded && data.pinnedBytes > (data.bytesMax ?? 0) ? (
          <p className="notice">
            The pinned models alone take more than the limit: every other makes room as soon as it has answered.
          </p>
        ) : null}
      </div>
      {isBounded ? <MeshOverTime samples={samples} /> : null}
      <MadeRoom occupancy={data} />
      {data.modelCount === 0 ? null : <ModelsInMemory />}
    </Panel>
  );
}

function Totals({ occupancy }: { readonly occupancy: Occupancy }) {
  const { processBytes, bytes: taken, bytesMax, loads, evictions, largest, modelCount } = occupancy;
  const isTold = modelCount === 0 || largest.length > 0;
  const told = bytesMax === null ? bytes(isTold ? taken : null) : `${bytes(taken)} of ${bytes(bytesMax)}`;
  return (
    <dl className="numbers">
      <dt>models</dt>
      <dd>{told}</dd>
      <dt>whole process</dt>
      <dd>{bytes(processBytes)}</dd>
      <dt>loads</dt>
      <dd>{count(loads)}</dd>
      <dt>made room</dt>
      <dd>{count(evictions)}</dd>
      {bytesMax === null ? null : (
        <>
          <Latency of="in memory" took={tookSince(occupancy.warm)} />
          <Latency of="loaded first" took={tookSince(occupancy.cold)} />
        </>
      )}
    </dl>
  );
}

/** Of requests whose model was in memory, or had to be loaded first. */
function Latency({ of, took: { requests, p50Ms, p99Ms } }: { readonly of: string; readonly took: Took }) {
  return (
    <>
      <dt title={`${counted(requests, "request")} since the start of the process`}>{of}: median, 99th percentile</dt>
      <dd>{requests === 0 ? "–" : `${shortMs(p50Ms ?? null)}, ${shortMs(p99Ms ?? null)}`}</dd>
    </>
  );
}

function NoBound({ occupancy: { largest } }: { readonly occupancy: Occupancy }) {
  return (
    <>
      <p className="muted">No limit: all models are loaded at the start, and none has to make room.</p>
      {largest.length < 2 ? null : (
        <>
          <p className="muted">
            With one in <span className="mono">millwright.ts</span> they are loaded when they are asked for, and those
            asked for longest ago make room:
          </p>
          <Snippet text={LIMIT_LINE} />
        </>
      )}
    </>
  );
}

function MadeRoom({ occupancy: { lately } }: { readonly occupancy: Occupancy }) {
  if (lately.length === 0) return null;
  return (
    <div className="body">
      <h3>Made room last</h3>
      <ul className="events">
        {lately.slice(0, EVICTIONS_SHOWN).map(({ atMs, name, madeRoomFor }, at) => (
          <li key={`${at} ${atMs} ${name}`}>
            <span className="mono">{name}</span>{" "}
            {madeRoomFor === null ? (
              "for a lower limit"
            ) : (
              <>
                for <span className="mono">{madeRoomFor}</span>
              </>
            )}{" "}
            <span className="muted">
              <Ago atMs={atMs} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
