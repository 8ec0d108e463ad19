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
  const opened = told.reduce((sum, { from, to }) => sum + (to - from), 0);
  return (
    <div className="body spans">
      <p className="muted">
        Where each file reaches in <span className="mono">{column}</span>: a filter for one value opens about{" "}
        {Math.max(1, opened).toFixed(opened < 10 ? 1 : 0)} of {told.length} files.
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
