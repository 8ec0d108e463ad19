import type { CheckRecord } from "@millwright/client";
import { ago, count, counted } from "../format.ts";
import { useNow } from "../use-now.ts";

const BAR = { width: 5, gap: 2, height: 18 };
const SHOWN_MAX = 24;

/** How a check ended, in a word and a colour. */
export function endOf({ passed, severity }: Pick<CheckRecord, "passed" | "severity">) {
  if (passed) return { state: "done", word: "held" } as const;
  return severity === "error"
    ? ({ state: "failed", word: "failed" } as const)
    : ({ state: "warned", word: "warned" } as const);
}

/** One bar for each run of a check, oldest first, in the colour of its end; full as far as what it found beside the most of these runs. */
export function CheckRuns({ records }: { readonly records: readonly CheckRecord[] }) {
  const nowMs = useNow();
  if (records.length < 2) return <span className="muted">the first</span>;
  const shown = records.slice(-SHOWN_MAX);
  const most = Math.max(...shown.map(({ observed }) => Math.abs(observed)), Number.MIN_VALUE);
  const step = BAR.width + BAR.gap;
  const bad = shown.filter(({ passed }) => !passed).length;
  return (
    <span className="row tight">
      <svg
        className="check-runs"
        width={shown.length * step}
        height={BAR.height}
        role="img"
        aria-label={`${counted(shown.length, "run")}, ${count(bad)} of them not held`}
      >
        {shown.map((record, index) => {
          const tall = (Math.abs(record.observed) / most) * BAR.height;
          const { state, word } = endOf(record);
          return (
            <g key={record.atMs} className={state}>
              <title>{`${word}: ${count(record.observed)}, ${ago(record.atMs, nowMs)}`}</title>
              <rect className="whole" x={index * step} y={0} width={BAR.width} height={BAR.height} rx={1} />
              <rect x={index * step} y={BAR.height - tall} width={BAR.width} height={tall} rx={1} />
            </g>
          );
        })}
      </svg>
      <span className="muted">{bad === 0 ? `all ${count(shown.length)}` : `${bad} of ${shown.length} missed`}</span>
    </span>
  );
}
