import type { BinaryPlots } from "@millwright/client";
import { useState } from "react";
import { count, percent } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { precisionOf, recallOf } from "./curves.ts";

/** The confusion matrix at a threshold that can be moved along the curves; it begins at the chosen one. */
export function Confusion({ plots: { curves, chosen } }: { readonly plots: BinaryPlots }) {
  const cuts = [...curves.cuts.filter(({ threshold }) => threshold !== chosen.threshold), chosen].toSorted(
    (one, other) => one.threshold - other.threshold,
  );
  const [at, setAt] = useState(cuts.indexOf(chosen));
  const cut = cuts[Math.min(at, cuts.length - 1)] ?? chosen;
  const { truePositives, falsePositives, threshold } = cut;
  const precision = precisionOf(cut);
  const told = `${threshold.toFixed(3)}${cut === chosen ? ", the chosen one" : ""}`;
  return (
    <Panel title="Confusion at a threshold">
      <div className="body stack">
        <label className="row">
          <span>threshold {told}</span>
          <input
            type="range"
            min={0}
            max={cuts.length - 1}
            value={at}
            aria-valuetext={told}
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
              <td className="number">{count(truePositives)}</td>
              <td className="number">{count(curves.positives - truePositives)}</td>
            </tr>
            <tr>
              <th scope="row">negative</th>
              <td className="number">{count(falsePositives)}</td>
              <td className="number">{count(curves.negatives - falsePositives)}</td>
            </tr>
          </tbody>
        </table>
        <p className="muted">
          precision {precision === undefined ? "–" : percent(precision)}, recall {percent(recallOf(cut, curves))}
        </p>
      </div>
    </Panel>
  );
}
