import type { QueryResult } from "@millwright/client";
import { cell } from "../format.ts";

const NUMBERS = /^(?:int|long|float|double|decimal)/;

/** The answer of a query. Numbers stand at the right, null is ∅. */
export function ResultTable({
  label,
  result: { columns, rows },
}: {
  readonly label: string;
  readonly result: QueryResult;
}) {
  const classes = columns.map(({ type }) => (NUMBERS.test(type) ? "number" : undefined));
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label} style={{ maxHeight: 460 }}>
      <table className="data">
        <thead>
          <tr>
            {columns.map(({ name, type }, index) => (
              <th key={name} className={classes[index]} title={type}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((value, at) => (
                <td key={at} className={classes[at]}>
                  {value === null ? <span className="muted">∅</span> : cell(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
