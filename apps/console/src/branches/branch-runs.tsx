import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Panel } from "../parts/page.tsx";
import { RunTable } from "../runs/run-table.tsx";

const LOOKED_AT = 500;
const SHOWN = 10;

/** The last runs that wrote to a branch. */
export function BranchRuns({ branch }: { readonly branch: string }) {
  const { data } = useQuery({
    queryKey: ["runs", "of branches"],
    queryFn: () => api.listRuns({ limit: LOOKED_AT }),
  });
  const runs = (data ?? []).filter((run) => run.branch === branch).slice(0, SHOWN);
  if (runs.length === 0) return null;
  return (
    <Panel title="Its runs">
      <RunTable label="Runs on the branch" runs={runs} />
    </Panel>
  );
}
