import type { ControlApi } from "@millwright/client";

type Results = Awaited<ReturnType<ControlApi["showMonitor"]>>["results"];

/** Feature by day; the number stands in each cell, its ground says how far it moved. */
export function StabilityMap({ results }: { readonly results: Results }) {
  const days = [...new Set(results.map(({ day }) => day))].toSorted();
  const features = [...Map.groupBy(results, ({ feature }) => feature)]
    .map(([feature, found]) => ({
      feature,
      worst: Math.max(...found.map(({ psi }) => psi)),
      byDay: new Map(found.map((result) => [result.day, result])),
    }))
    .toSorted((one, other) => other.worst - one.worst);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Stability index by feature and day">
      <table className="data heat">
        <thead>
          <tr>
            <th>feature</th>
            {days.map((day) => (
              <th key={day} className="number">
                {day.length > 5 ? day.slice(5) : day}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {features.map(({ feature, byDay }) => (
            <tr key={feature}>
              <td className="mono">{feature}</td>
              {days.map((day) => {
                const found = byDay.get(day);
                return (
                  <td
                    key={day}
                    className={`number ${toneOf(found?.psi)}`}
                    title={
                      found === undefined
                        ? ""
                        : `${feature}, ${day}: ${found.rows} rows, ${(found.missingRate * 100).toFixed(1)} % missing`
                    }
                  >
                    {found?.psi.toFixed(2) ?? ""}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function toneOf(psi: number | undefined): string {
  if (psi === undefined || psi < 0.1) return "calm";
  return psi < 0.25 ? "moving" : "shifted";
}
