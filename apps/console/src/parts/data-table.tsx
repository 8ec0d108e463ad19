import { useState, type ReactNode } from "react";

export interface DataColumn<Row> {
  readonly name: string;
  readonly isNumber?: boolean;
  readonly wrap?: boolean;
  /** In pixels or as a share. Where one column has it, those without share what is left, and tables below one another align. */
  readonly width?: number | `${number}%`;
  readonly show: (row: Row) => ReactNode;
  /** What rows are sorted by; a column without it cannot be. */
  readonly sort?: (row: Row) => string | number;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly DataColumn<Row>[];
  readonly keyOf: (row: Row) => string;
  /** The row of what the page shows. */
  readonly isCurrent?: (row: Row) => boolean;
}

/** A dense table; a click on a column's name sorts by it, another turns it round. */
export function DataTable<Row>({ label, rows, columns, keyOf, isCurrent }: DataTableProps<Row>) {
  const [order, setOrder] = useState<{ readonly name: string; readonly isFalling: boolean } | undefined>();
  const sorted = sortRows(rows, columns.find(({ name }) => name === order?.name)?.sort, order?.isFalling ?? false);
  const isFixed = columns.some(({ width }) => width !== undefined);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table className={isFixed ? "data fixed" : "data"}>
        {isFixed ? (
          <colgroup>
            {columns.map(({ name, width }) => (
              <col key={name} style={width === undefined ? {} : { width }} />
            ))}
          </colgroup>
        ) : null}
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.name}
                className={column.isNumber === true ? "number" : undefined}
                aria-sort={order?.name === column.name ? (order.isFalling ? "descending" : "ascending") : undefined}
              >
                <Heading column={column} order={order} onSort={setOrder} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} aria-current={isCurrent?.(row) === true ? true : undefined}>
              {columns.map((column) => (
                <td key={column.name} className={classOf(column)}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadingProps<Row> {
  readonly column: DataColumn<Row>;
  readonly order: { readonly name: string; readonly isFalling: boolean } | undefined;
  readonly onSort: (order: { readonly name: string; readonly isFalling: boolean }) => void;
}

function Heading<Row>({ column: { name, sort }, order, onSort }: HeadingProps<Row>) {
  if (sort === undefined) return <>{name}</>;
  const isOwn = order?.name === name;
  return (
    <button type="button" onClick={() => onSort({ name, isFalling: isOwn && !order.isFalling })}>
      {name}
      {isOwn ? (order.isFalling ? " ↓" : " ↑") : ""}
    </button>
  );
}

function classOf<Row>({ isNumber, wrap }: DataColumn<Row>): string | undefined {
  if (isNumber === true) return "number";
  return wrap === true ? "wrap" : undefined;
}

function sortRows<Row>(
  rows: readonly Row[],
  by: ((row: Row) => string | number) | undefined,
  isFalling: boolean,
): readonly Row[] {
  if (by === undefined) return rows;
  const sign = isFalling ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  });
}
