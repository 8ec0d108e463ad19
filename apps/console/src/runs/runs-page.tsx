import type { Run } from "@millwright/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { duration } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";

const PAGE_RUNS = 50;

const COLUMNS: readonly DataColumn<Run>[] = [
  {
    name: "run",
    show: ({ runId }) => (
      <Link to="/runs/$runId" params={{ runId }} className="mono">
        {runId}
      </Link>
    ),
  },
  { name: "state", sort: ({ state }) => state, show: ({ state }) => <State state={state} /> },
  { name: "begun by", sort: ({ trigger }) => trigger, show: ({ trigger }) => trigger },
  { name: "begun", sort: ({ startedAtMs }) => startedAtMs, show: ({ startedAtMs }) => <Ago atMs={startedAtMs} /> },
  { name: "took", isNumber: true, sort: (run) => tookMs(run) ?? -1, show: (run) => duration(tookMs(run)) },
];

/** Every time the road was taken, newest first. */
export function RunsPage() {
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["runs"],
    queryFn: ({ pageParam }) => api.listRuns({ limit: PAGE_RUNS, ...(pageParam === "" ? {} : { before: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (last) => (last.length < PAGE_RUNS ? undefined : last.at(-1)?.runId),
  });
  const runs = data?.pages.flat() ?? [];
  return (
    <Page title="Runs" docs="concepts/run.md" lead="Every time the road was taken, newest first">
      {error === null ? null : <Problem error={error} />}
      {data !== undefined && runs.length === 0 ? (
        <Empty command="npx mill run">The road has not been taken yet.</Empty>
      ) : (
        <div className="panel">
          <DataTable label="Runs" rows={runs} columns={COLUMNS} keyOf={({ runId }) => runId} />
        </div>
      )}
      {hasNextPage ? (
        <div>
          <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
            Older runs
          </button>
        </div>
      ) : null}
    </Page>
  );
}

function tookMs({ startedAtMs, endedAtMs }: Run): number | null {
  return endedAtMs === null ? null : endedAtMs - startedAtMs;
}
