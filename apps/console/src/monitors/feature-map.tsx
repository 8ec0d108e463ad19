import { byFeature, toneOf, type FeatureDay, type Measure } from "./measures.ts";

interface FeatureMapProps {
  readonly days: readonly FeatureDay[];
  readonly measure: Measure;
  /** The feature that is drawn beside it. */
  readonly chosen: string | undefined;
  readonly onChoose: (feature: string) => void;
}

/** Feature by day; the number stands in each cell, its ground says how far it moved. */
export function FeatureMap({ days, measure, chosen, onChoose }: FeatureMapProps) {
  const dates = [...new Set(days.map(({ day }) => day))].toSorted();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`${measure.name} by feature and day`}>
      <table className="data heat">
        <thead>
          <tr>
            <th>feature</th>
            {dates.map((date) => (
              <th key={date} className="number">
                {date === "all" ? "all rows" : date.slice(5)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {byFeature(days, measure).map(({ feature, days: own }) => (
            <tr key={feature}>
              <td className="mono">
                <button
                  type="button"
                  className="plain"
                  aria-pressed={feature === chosen}
                  onClick={() => onChoose(feature)}
                >
                  {feature}
                </button>
              </td>
              {dates.map((date) => (
                <Cell key={date} found={own.find(({ day }) => day === date)} measure={measure} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ found, measure }: { readonly found: FeatureDay | undefined; readonly measure: Measure }) {
  const value = found === undefined ? null : measure.of(found);
  const title =
    found === undefined
      ? ""
      : `${found.feature}, ${found.day}: ${found.rows} rows, ${(found.missingRate * 100).toFixed(1)} % missing`;
  return (
    <td className={`number ${toneOf(measure, value)}`} title={title}>
      {value === null ? "" : measure.show(value)}
    </td>
  );
}
