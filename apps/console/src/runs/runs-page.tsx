import { useInfiniteQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { RunTable } from "./run-table.tsx";

const PAGE_RUNS = 50;

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
          <RunTable label="Runs" runs={runs} />
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
