import type { QueryResult } from "@millwright/client";
import type { RefObject } from "react";
import { cell } from "../format.ts";

export const ROW_HEIGHT = 29;
const LETTER = 7.2;
const MARGIN = 26;
const WIDTH = { least: 64, most: 340 } as const;
const NUMBERS = /^(?:int|long|float|double|decimal)/;

interface VirtualRowsProps {
  readonly label: string;
  readonly box: RefObject<HTMLDivElement | null>;
  /** By it the columns are as wide as they stay. */
  readonly sample: QueryResult;
  readonly count: number;
  readonly first: number;
  readonly shown: number;
  /** Undefined while it is not read yet. */
  readonly rowAt: (index: number) => readonly unknown[] | undefined;
}

/** Of very many rows those in sight are drawn, in a box that is as tall as all of them. */
export function VirtualRows({ label, box, sample, count, first, shown, rowAt }: VirtualRowsProps) {
  const { columns } = sample;
  const widths = columns.map((_, at) => widthOf(sample, at));
  const last = Math.min(count, first + shown);
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  const classes = columns.map(({ type }) => (NUMBERS.test(type) ? "number" : undefined));
  return (
    <div ref={box} className="scroll virtual" tabIndex={0} role="region" aria-label={label}>
      <table
        className="data"
        aria-rowcount={count + 1}
        style={{ minWidth: widths.reduce((sum, width) => sum + width) }}
      >
        <colgroup>
          {columns.map(({ name }, at) => (
            <col key={name} style={{ width: widths[at] }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(({ name, type }, at) => (
              <th key={name} className={classes[at]} title={`${name}, ${type}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space rows={first} columns={columns.length} />
          {indexes.map((index) => (
            <Row key={index} index={index} row={rowAt(index)} classes={classes} />
          ))}
          <Space rows={count - last} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function Space({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden className="space">
      <td colSpan={columns} style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );
}

interface RowProps {
  readonly index: number;
  readonly row: readonly unknown[] | undefined;
  readonly classes: readonly (string | undefined)[];
}

function Row({ index, row, classes }: RowProps) {
  return (
    <tr aria-rowindex={index + 2}>
      {classes.map((name, at) => {
        const value = row?.[at];
        const text = row === undefined ? "" : cell(value);
        return (
          <td key={at} className={name} title={text.length > 40 ? text : undefined}>
            {row !== undefined && (value === null || value === undefined) ? <span className="muted">∅</span> : text}
          </td>
        );
      })}
    </tr>
  );
}

function widthOf({ columns, rows }: QueryResult, at: number): number {
  const longest = Math.max(columns[at]?.name.length ?? 0, ...rows.map((row) => cell(row[at]).length));
  return Math.round(Math.min(WIDTH.most, Math.max(WIDTH.least, longest * LETTER + MARGIN)));
}
