import { useState } from "react";
import { count, percent } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { precisionOf, recallOf, type Cut } from "./curves.ts";

/** The confusion matrix at a threshold that can be moved from one bin's edge to the next. */
export function Confusion({ cuts }: { readonly cuts: readonly Cut[] }) {
  const rising = cuts.toSorted((one, other) => one.threshold - other.threshold);
  const nearest = rising.reduce(
    (best, cut, index) =>
      Math.abs(cut.threshold - 0.5) < Math.abs((rising[best]?.threshold ?? 0) - 0.5) ? index : best,
    0,
  );
  const [at, setAt] = useState(nearest);
  const cut = rising[Math.min(at, rising.length - 1)];
  if (cut === undefined) return null;
  const precision = precisionOf(cut);
  return (
    <Panel title="Confusion at a threshold">
      <div className="body stack">
        <label className="row">
          <span>threshold {cut.threshold.toFixed(2)}</span>
          <input
            type="range"
            min={0}
            max={rising.length - 1}
            value={at}
            aria-valuetext={cut.threshold.toFixed(2)}
            onChange={(event) => setAt(Number(event.target.value))}
            style={{ flex: 1 }}
          />
        </label>
        <table className="data">
          <thead>
            <tr>
              <th>test rows</th>
              <th className="number">called positive</th>
              <th className="number">called negative</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">positive</th>
              <td className="number">{count(cut.truePositives)}</td>
              <td className="number">{count(cut.falseNegatives)}</td>
            </tr>
            <tr>
              <th scope="row">negative</th>
              <td className="number">{count(cut.falsePositives)}</td>
              <td className="number">{count(cut.trueNegatives)}</td>
            </tr>
          </tbody>
        </table>
        <p className="muted">
          precision {precision === undefined ? "–" : percent(precision)}, recall {percent(recallOf(cut))}
        </p>
      </div>
    </Panel>
  );
}
