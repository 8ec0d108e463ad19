import { useQueries } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type RefObject } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { optionsOf, type TablePlace } from "./table-place.ts";
import { ROW_HEIGHT, VirtualRows } from "./virtual-rows.tsx";

const PAGE_ROWS = 200;
const AHEAD_ROWS = 20;
const VIEW_ROWS = 18;
/** A browser draws no box that is much taller than this. */
const REACHED_MAX = 1_000_000;
/** Pages that are only scrolled past are not asked for. */
const SETTLE_MS = 80;

interface TableRowsProps {
  readonly place: TablePlace;
  /** Null where nobody knows without counting: of a view. */
  readonly total: number | null;
}

/** A table's rows: as many as there are can be scrolled through, those in sight are read. */
export function TableRows({ place, total }: TableRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const first = useFirstRow(box);
  const from = Math.max(0, Math.floor((first - AHEAD_ROWS) / PAGE_ROWS));
  const to = Math.floor((first + VIEW_ROWS + AHEAD_ROWS) / PAGE_ROWS);
  const offsets = Array.from({ length: to - from + 1 }, (_, index) => (from + index) * PAGE_ROWS);
  const reads = useQueries({
    queries: offsets.map((offset) => ({
      queryKey: ["rows", place, offset],
      queryFn: () => api.readRows({ name: place.name, limit: PAGE_ROWS, offset, ...optionsOf(place) }),
      staleTime: Infinity,
      enabled: total === null || offset < Math.max(1, total),
    })),
  });
  const known = useKnownRows(total, { offsets, pages: reads.map(({ data }) => data) });
  const reached = Math.min(known.rows, REACHED_MAX);
  const error = reads.find((read) => read.error !== null)?.error;
  const columns = useFirst(reads.find(({ data }) => data !== undefined)?.data);
  const pages = new Map(offsets.map((offset, index) => [offset / PAGE_ROWS, reads[index]?.data?.rows]));
  return (
    <Panel
      title={place.at === undefined ? "Rows" : `Rows at snapshot ${place.at}`}
      aside={<GoTo box={box} first={first} reached={reached} total={known.isAll ? known.rows : undefined} />}
    >
      {error === undefined || error === null ? null : <Problem error={error} />}
      {columns === undefined ? (
        <div style={{ height: ROW_HEIGHT * 4 }} aria-hidden />
      ) : (
        <VirtualRows
          label={`Rows of ${place.name}`}
          box={box}
          sample={columns}
          count={reached}
          first={Math.max(0, first - AHEAD_ROWS)}
          shown={VIEW_ROWS + 2 * AHEAD_ROWS}
          rowAt={(index) => pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS]}
        />
      )}
      {reached < known.rows ? (
        <p className="body muted">
          The first {count(REACHED_MAX)} rows can be scrolled through; ask for others in SQL.
        </p>
      ) : null}
    </Panel>
  );
}

/** What was there first, and stays: the widths of columns do not change under the pointer. */
function useFirst<Value>(value: Value | undefined): Value | undefined {
  const [first, setFirst] = useState(value);
  if (first === undefined && value !== undefined) setFirst(value);
  return first ?? value;
}

/** The first row in sight, once scrolling has come to rest. */
function useFirstRow(box: RefObject<HTMLDivElement | null>): number {
  const [first, setFirst] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onScroll = (event: Event) => {
      if (event.target !== box.current || box.current === null) return;
      const { scrollTop } = box.current;
      clearTimeout(timer);
      timer = setTimeout(() => setFirst(Math.floor(scrollTop / ROW_HEIGHT)), SETTLE_MS);
    };
    // The box is there once the first rows are: the document hears of it whenever that is.
    document.addEventListener("scroll", onScroll, true);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("scroll", onScroll, true);
    };
  }, [box]);
  return first;
}

interface Read {
  readonly offsets: readonly number[];
  readonly pages: readonly ({ readonly rows: readonly unknown[]; readonly truncated: boolean } | undefined)[];
}

/** How many rows there are as far as is known: of a view, as many as were seen and a page more, until its end was seen. */
function useKnownRows(total: number | null, { offsets, pages }: Read) {
  const [seen, setSeen] = useState({ rows: 0, isAll: false });
  if (total !== null) return { rows: total, isAll: true };
  const ends = pages.flatMap((page, index) => {
    const offset = offsets[index] ?? 0;
    if (page === undefined) return [];
    const rows = offset + page.rows.length;
    return [page.truncated ? { rows: rows + PAGE_ROWS, isAll: false } : { rows, isAll: true }];
  });
  const found = ends.find(({ isAll }) => isAll) ?? ends.at(-1);
  if (found !== undefined && !seen.isAll && (found.isAll || found.rows > seen.rows)) setSeen(found);
  return seen;
}

interface GoToProps {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly first: number;
  readonly reached: number;
  readonly total: number | undefined;
}

/** Where in the rows one is, and a way to another place. */
function GoTo({ box, first, reached, total }: GoToProps) {
  const [wanted, setWanted] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const row = Math.min(reached, Math.max(1, Number(wanted)));
    if (Number.isFinite(row)) box.current?.scrollTo({ top: (row - 1) * ROW_HEIGHT });
  };
  const last = Math.min(reached, first + VIEW_ROWS);
  return (
    <form className="row" onSubmit={submit}>
      <span className="muted figures">
        {reached === 0 ? "none" : `${count(first + 1)} – ${count(last)}`}
        {total === undefined ? "" : ` of ${count(total)}`}
      </span>
      {reached <= VIEW_ROWS ? null : (
        <input
          className="field small"
          inputMode="numeric"
          aria-label="Go to row"
          placeholder="Go to row"
          value={wanted}
          onChange={(event) => setWanted(event.target.value.replaceAll(/\D/g, ""))}
        />
      )}
    </form>
  );
}
