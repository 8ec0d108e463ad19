import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

const SHOWN = 8;

/** Which version was the champion, since when and why. */
export function AliasHistory({ model }: { readonly model: string }) {
  const { data } = useQuery({
    queryKey: ["models", model, "changes"],
    queryFn: () => api.listAliasChanges({ name: model }),
  });
  const changes = (data ?? []).filter(({ alias }) => alias === "champion").slice(0, SHOWN);
  if (changes.length === 0) return null;
  return (
    <Panel title="Champions">
      <div className="scroll" tabIndex={0} role="region" aria-label="Which version was the champion">
        <table className="data">
          <tbody>
            {changes.map(({ id, version, kind, reason, changedAtMs }) => (
              <tr key={id}>
                <td>version {version}</td>
                <td>{kind === "rollback" ? "rolled back" : "promoted"}</td>
                <td className="wrap">{reason}</td>
                <td>
                  <Ago atMs={changedAtMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
