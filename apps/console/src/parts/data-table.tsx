import { useState, type ReactNode } from "react";
import { counted } from "../format.ts";
import { Pager } from "./pager.tsx";

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
  /** Of more rows than that a page is shown at a time. Default: 100. */
  readonly pageRows?: number;
  /** In what of a row is looked for a text; without it, rows of several pages cannot be found. */
  readonly textOf?: (row: Row) => string;
  /** The row of what the page shows. */
  readonly isCurrent?: (row: Row) => boolean;
}

const PAGE_ROWS = 100;

/** A dense table; a click on a column's name sorts by it, another turns it round. Many rows are shown by pages. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, keyOf, isCurrent, pageRows = PAGE_ROWS, textOf } = props;
  const [order, setOrder] = useState<{ readonly name: string; readonly isFalling: boolean } | undefined>();
  const [{ search, offset }, setPlace] = useState({ search: "", offset: 0 });
  const found = textOf === undefined || search === "" ? rows : rows.filter(having(search, textOf));
  const sorted = sortRows(found, columns.find(({ name }) => name === order?.name)?.sort, order?.isFalling ?? false);
  // Rows may have gone since the page was chosen.
  const from = offset < sorted.length ? offset : 0;
  const shown = sorted.slice(from, from + pageRows);
  return (
    <>
      {textOf === undefined || rows.length <= pageRows ? null : (
        <div className="body row">
          <input
            type="search"
            className="field"
            aria-label={`Find in ${label}`}
            placeholder="Find by name"
            value={search}
            onChange={(event) => setPlace({ search: event.target.value, offset: 0 })}
          />
          {search === "" ? null : <span className="muted">{counted(found.length, "row")}</span>}
        </div>
      )}
      <Rows label={label} rows={shown} columns={columns} keyOf={keyOf} isCurrent={isCurrent} {...{ order, setOrder }} />
      <Pager
        of={label}
        offset={from}
        size={pageRows}
        total={sorted.length}
        onPage={(next) => setPlace({ search, offset: next })}
      />
    </>
  );
}

function having<Row>(search: string, textOf: (row: Row) => string): (row: Row) => boolean {
  const wanted = search.toLowerCase();
  return (row) => textOf(row).toLowerCase().includes(wanted);
}

interface RowsProps<Row> extends Pick<DataTableProps<Row>, "label" | "rows" | "columns" | "keyOf"> {
  readonly isCurrent: DataTableProps<Row>["isCurrent"];
  readonly order: HeadingProps<Row>["order"];
  readonly setOrder: HeadingProps<Row>["onSort"];
}

function Rows<Row>({ label, rows, columns, keyOf, isCurrent, order, setOrder }: RowsProps<Row>) {
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
          {rows.map((row) => (
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
