import type { TableCareState } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import type { TablePlace } from "./table-place.ts";

const PARTS = [
  { key: "compact", action: "compact", label: "Compaction" },
  { key: "rewriteManifests", action: "rewrite-manifests", label: "Manifests" },
  { key: "expire", action: "expire", label: "Expiry" },
  { key: "removeOrphans", action: "remove-orphans", label: "Orphans" },
] as const;

/** What is done for a table of main by itself, and what was last done. */
export function CarePanel({ place }: { readonly place: TablePlace }) {
  const { data, error } = useQuery({
    queryKey: ["care", place.name],
    queryFn: () => api.showTableCare({ name: place.name }),
  });
  if (error !== null) return <Problem error={error} />;
  if (data === undefined) return null;
  const aside =
    data.last === null ? (
      "not looked at yet"
    ) : (
      <>
        last looked at <Ago atMs={data.last.atMs} />
      </>
    );
  return (
    <Panel title="Care" aside={<span className="muted">{aside}</span>}>
      <div className="scroll" tabIndex={0} role="region" aria-label="What is done for it">
        <table className="data">
          <tbody>
            {PARTS.map((part) => (
              <tr key={part.key}>
                <th scope="row">{part.label}</th>
                <td className="wrap">
                  <span className={isFailed(data, part.action) ? "state-text bad" : undefined}>
                    {saidOf(data, part)}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function saidOf({ policy, last }: TableCareState, { key, action }: (typeof PARTS)[number]): string {
  const asked = policy[key];
  if (asked !== true) return `off: ${asked}`;
  const done = last?.actions.find((one) => one.action === action);
  return done === undefined ? "when it is due" : `${done.outcome}: ${done.told}`;
}

function isFailed({ last }: TableCareState, action: string): boolean {
  return last?.actions.some((one) => one.action === action && one.outcome === "failed") === true;
}
