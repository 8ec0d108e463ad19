import { count, percent } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import type { Judged } from "./judged.ts";
import { Difference } from "./comparison.tsx";
import { figure, metricTitle } from "./metric-words.ts";

const METRICS_SHOWN = 4;

/** The test rows by the values of each column that was asked for; of two versions the main metric of both. */
export function SlicePanels({ judged }: { readonly judged: readonly Judged[] }) {
  const [first] = judged;
  if (first === undefined || first.judgement.slices.length === 0) return null;
  return (
    <div className="columns">
      {first.judgement.slices.map(({ column }) => (
        <Panel key={column} title={`By ${column}`}>
          <SliceTable column={column} judged={judged} first={first} />
        </Panel>
      ))}
    </div>
  );
}

interface SliceTableProps {
  readonly column: string;
  readonly judged: readonly Judged[];
  readonly first: Judged;
}

function SliceTable({ column, judged, first }: SliceTableProps) {
  const { metric, test, slices } = first.judgement;
  const names = judged.length > 1 ? [] : Object.keys(test.metrics).filter((name) => name !== metric && name !== "rows");
  const columns = [
    ...judged.map(({ name, judgement }) => ({ name, title: metricTitle(metric), judgement, metric })),
    ...names.slice(0, METRICS_SHOWN - 1).map((name) => ({ ...first, name, title: metricTitle(name), metric: name })),
  ];
  const values = slices.find((slice) => slice.column === column)?.values ?? [];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`Metrics by ${column}`}>
      <table className="data">
        <thead>
          <tr>
            <th>{column}</th>
            <th className="number">rows</th>
            <th className="number">share</th>
            {columns.map(({ name, title }) => (
              <th key={name} className="number">
                {judged.length > 1 ? `${title}, ${name}` : title}
              </th>
            ))}
            {judged.length > 1 ? <th className="number">difference</th> : null}
          </tr>
        </thead>
        <tbody>
          {values.map(({ value, metrics }) => (
            <tr key={value}>
              <td>{value}</td>
              <td className="number">{count(metrics["rows"])}</td>
              <td className="number">{percent((metrics["rows"] ?? 0) / (test.metrics["rows"] ?? 1))}</td>
              {columns.map(({ name, judgement, metric: shown }) => (
                <td key={name} className="number">
                  {figure(metricIn(judgement, { column, value, metric: shown }))}
                </td>
              ))}
              {judged.length > 1 ? (
                <td className="number">
                  <Between judged={judged} at={{ column, value, metric }} />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface InSlice {
  readonly column: string;
  readonly value: string;
  readonly metric: string;
}

function metricIn({ slices }: Judged["judgement"], { column, value, metric }: InSlice): number | undefined {
  return slices.find((slice) => slice.column === column)?.values.find((other) => other.value === value)?.metrics[
    metric
  ];
}

/** How much the first version is above the second in one slice. */
function Between({ judged, at }: { readonly judged: readonly Judged[]; readonly at: InSlice }) {
  const [one, other] = judged.map(({ judgement }) => metricIn(judgement, at));
  if (one === undefined || other === undefined) return <>–</>;
  return <Difference metric={at.metric} by={one - other} />;
}
