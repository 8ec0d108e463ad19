import { percent } from "../format.ts";
import { Icon } from "../parts/icons.tsx";
import type { GateResult, VersionDetails } from "./details.ts";
import { figure } from "./metric-words.ts";

/** What a version had to hold to become the champion. */
export function GateList({ gates }: { readonly gates: readonly GateResult[] }) {
  if (gates.length === 0) return <p className="body muted">This version was trained without gates.</p>;
  return (
    <table className="data">
      <tbody>
        {gates.map(({ gate, passed, observed }) => (
          <tr key={gate}>
            <td>
              <span className={`state ${passed ? "good" : "bad"}`}>
                <Icon name={passed ? "done" : "failed"} size={13} />
                {passed ? "holds" : "does not hold"}
              </span>
            </td>
            <td className="wrap">{gate}</td>
            <td className="number">{figure(observed)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SHOWN = 14;

export function ImportanceBars({ importance }: { readonly importance: NonNullable<VersionDetails["importance"]> }) {
  const most = importance[0]?.gain ?? 1;
  return (
    <table className="data">
      <tbody>
        {importance.slice(0, SHOWN).map(({ feature, gain }) => (
          <tr key={feature}>
            <td className="mono">{feature}</td>
            <td style={{ width: "45%" }}>
              <div className="bar" style={{ marginTop: 6 }}>
                <i style={{ width: `${(gain / most) * 100}%` }} />
              </div>
            </td>
            <td className="number">{percent(gain)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
