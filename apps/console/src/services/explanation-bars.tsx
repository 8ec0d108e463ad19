import type { Prediction } from "@millwright/client";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";

type Explanation = NonNullable<Prediction["explanation"]>;

const SCALES: Readonly<Record<Explanation["scale"], string>> = {
  log_odds: "log odds",
  number: "the number",
  score: "the score of the class",
};
const SHOWN = 12;

/** What each feature added to the answer, the largest first, as bars to both sides of nothing. */
export function ExplanationBars({ explanation }: { readonly explanation: Explanation }) {
  const { scale, class: called, base, contributions } = explanation;
  const shown = contributions.slice(0, SHOWN);
  const others = contributions.slice(SHOWN);
  const largest = Math.max(...contributions.map(({ contribution }) => Math.abs(contribution)), Number.MIN_VALUE);
  const sum = (items: Explanation["contributions"]) => items.reduce((all, { contribution }) => all + contribution, 0);
  return (
    <Panel title="Why">
      <div className="body">
        <p className="muted" style={{ marginTop: 0 }}>
          {called === undefined ? SCALES[scale] : `${SCALES[scale]} ${String(called)}`}: {base.toFixed(3)} on average,{" "}
          {(base + sum(contributions)).toFixed(3)} here
        </p>
        <table className="contributions">
          <thead>
            <tr>
              <th>feature</th>
              <th>value</th>
              <th aria-label="bar" />
              <th className="number">adds</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ feature, value, contribution }) => (
              <tr key={feature}>
                <td className="mono">
                  <Middle text={feature} />
                </td>
                <td className="mono muted">
                  <Middle text={value === null ? "missing" : shortened(value)} />
                </td>
                <td>
                  <Side share={contribution / largest} />
                </td>
                <td className="number">{signed(contribution)}</td>
              </tr>
            ))}
            {others.length === 0 ? null : (
              <tr>
                <td className="muted" colSpan={3}>
                  {others.length} others
                </td>
                <td className="number">{signed(sum(others))}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** From −1 to 1: to the left of the middle, or to the right of it. */
function Side({ share }: { readonly share: number }) {
  const width = `${Math.abs(share) * 50}%`;
  return (
    <span className={share < 0 ? "side less" : "side more"}>
      <i style={share < 0 ? { width, right: "50%" } : { width, left: "50%" }} />
    </span>
  );
}

function shortened(value: number | string): string {
  return typeof value === "string" ? value : String(Number(value.toPrecision(6)));
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
