import { count } from "../format.ts";

interface PagerProps {
  /** What is paged, as `models`. */
  readonly of: string;
  readonly offset: number;
  readonly size: number;
  readonly total: number;
  readonly onPage: (offset: number) => void;
}

/** `101–200 of 5,000`, and the ways to the page before and after; nothing where all is on one page. */
export function Pager({ of, offset, size, total, onPage }: PagerProps) {
  if (total <= size && offset === 0) return null;
  return (
    <nav className="body row pager" aria-label={`Pages of ${of}`}>
      <button
        type="button"
        className="button"
        disabled={offset === 0}
        onClick={() => onPage(Math.max(0, offset - size))}
      >
        Before
      </button>
      <span className="figures">
        {total === 0 ? "none" : `${count(Math.min(offset + 1, total))}–${count(Math.min(offset + size, total))}`} of{" "}
        {count(total)}
      </span>
      <button type="button" className="button" disabled={offset + size >= total} onClick={() => onPage(offset + size)}>
        After
      </button>
    </nav>
  );
}
