import type { CheckRecord } from "@millwright/client";
import { useState } from "react";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Panel } from "../parts/page.tsx";
import { endOf } from "./check-runs.tsx";

/** One check with its runs, oldest first. */
export interface CheckOverTime {
  readonly last: CheckRecord;
  readonly runs: readonly CheckRecord[];
}

/** What a check found each time it ran, drawn over time; that with the latest miss first. */
export function CheckHistory({ checks }: { readonly checks: readonly CheckOverTime[] }) {
  const drawable = checks
    .filter(({ runs }) => runs.length > 1)
    .toSorted((one, other) => missedAt(other) - missedAt(one));
  const [name, setName] = useState<string>();
  const chosen = drawable.find(({ last }) => last.check === name) ?? drawable[0];
  if (chosen === undefined) return null;
  const points = chosen.runs.map(({ atMs, observed }) => [atMs, observed] as const);
  const missed = chosen.runs.filter(({ passed }) => !passed);
  const told = ({ passed, severity, expected }: CheckRecord) =>
    `${endOf({ passed, severity }).word}: expected ${expected}`;
  return (
    <Panel
      title={`What ${chosen.last.check} found over time`}
      aside={
        drawable.length === 1 ? undefined : (
          <Choice
            label="Check"
            options={drawable.map(({ last }) => last.check)}
            chosen={chosen.last.check}
            onChoose={setName}
          />
        )
      }
    >
      <Chart
        label={`What ${chosen.last.check} found, by time`}
        height={200}
        x={{ name: "time", isTime: true }}
        y={{ name: "found", isShort: true, ...(points.some(([, found]) => found < 0) ? {} : { min: 0 }) }}
        series={[
          { name: "found", points, notes: chosen.runs.map(told) },
          ...(missed.length === 0
            ? []
            : [
                {
                  name: "did not hold",
                  kind: "marks" as const,
                  points: missed.map(({ atMs, observed }) => [atMs, observed] as const),
                  notes: missed.map(told),
                },
              ]),
        ]}
      />
    </Panel>
  );
}

/** When it last did not hold; 0 where it always did. */
function missedAt({ runs }: CheckOverTime): number {
  return runs.findLast(({ passed }) => !passed)?.atMs ?? 0;
}
