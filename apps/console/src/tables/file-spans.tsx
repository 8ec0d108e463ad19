import type { File } from "./file-map.tsx";

const SHOWN_MAX = 120;
const LINE = { height: 5, gap: 1 } as const;

interface FileSpansProps {
  readonly files: readonly File[];
  readonly column: string;
}

/** From where to where each file reaches in a column: where few lie above one another, a filter by it opens few. */
export function FileSpans({ files, column }: FileSpansProps) {
  const told = files.flatMap(({ path, span }) => (span === null ? [] : [{ path, ...span }]));
  if (told.length < 2) return null;
  const sorted = told.toSorted((one, other) => one.from - other.from || one.to - other.to);
  const shown = sorted.filter((_, index) => index % Math.ceil(sorted.length / SHOWN_MAX) === 0);
  const opened = openedBy(told);
  return (
    <div className="body spans">
      <p className="muted">
        Where each file reaches in <span className="mono">{column}</span>: a filter for one value opens about{" "}
        {opened.toFixed(opened < 10 ? 1 : 0)} of {told.length} files.
      </p>
      <svg
        viewBox={`0 0 1000 ${shown.length * (LINE.height + LINE.gap)}`}
        preserveAspectRatio="none"
        style={{ height: shown.length * (LINE.height + LINE.gap) }}
        role="img"
        aria-label={`From where to where ${told.length} files reach in ${column}`}
      >
        {shown.map(({ path, from, to, least, most }, index) => (
          <rect
            key={path}
            x={from * 1_000}
            y={index * (LINE.height + LINE.gap)}
            width={Math.max(3, (to - from) * 1_000)}
            height={LINE.height}
          >
            <title>{`${path}\n${least} – ${most}`}</title>
          </rect>
        ))}
      </svg>
      <div className="row between muted figures">
        <span>{sorted[0]?.least}</span>
        <span>{sorted.reduce((last, one) => (one.to > last.to ? one : last)).most}</span>
      </div>
    </div>
  );
}

interface Reach {
  readonly from: number;
  readonly to: number;
}

/** In how many files a value lies, of the values in the middle of each. */
function openedBy(files: readonly Reach[]): number {
  const [starts, ends] = [files.map(({ from }) => from), files.map(({ to }) => to)].map((all) =>
    all.toSorted((one, other) => one - other),
  );
  const around = files.map(({ from, to }) => {
    const middle = (from + to) / 2;
    return countUpTo(starts ?? [], middle, true) - countUpTo(ends ?? [], middle, false);
  });
  return around.reduce((sum, count) => sum + count, 0) / Math.max(1, files.length);
}

/** How many of rising values are below a limit, or equal to it where that counts. */
function countUpTo(rising: readonly number[], limit: number, isWith: boolean): number {
  const found = rising.findIndex((value) => (isWith ? value > limit : value >= limit));
  return found === -1 ? rising.length : found;
}
