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

/** What a version goes by: the share of all that the splits gained, and the mean of what a feature adds or takes. */
export function ImportanceBars({ importance }: { readonly importance: NonNullable<VersionDetails["importance"]> }) {
  const most = importance[0]?.gain ?? 1;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Importance of the features">
      <table className="data">
        <thead>
          <tr>
            <th>feature</th>
            <th />
            <th className="number">gain</th>
            <th className="number">mean contribution</th>
          </tr>
        </thead>
        <tbody>
          {importance.slice(0, SHOWN).map(({ feature, gain, contribution }) => (
            <tr key={feature}>
              <td className="mono">{feature}</td>
              <td style={{ width: "30%", minWidth: 80 }}>
                <div className="bar">
                  <i style={{ width: `${(gain / most) * 100}%` }} />
                </div>
              </td>
              <td className="number">{percent(gain)}</td>
              <td className="number">{figure(contribution)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
