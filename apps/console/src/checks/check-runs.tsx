import type { CheckRecord } from "@millwright/client";
import { ago, count } from "../format.ts";
import { useNow } from "../use-now.ts";

const BAR = { width: 5, gap: 2, height: 18 };
const SHOWN_MAX = 40;

/** How a check ended, in a word and a colour. */
export function endOf({ passed, severity }: Pick<CheckRecord, "passed" | "severity">) {
  if (passed) return { state: "done", word: "held" } as const;
  return severity === "error"
    ? ({ state: "failed", word: "failed" } as const)
    : ({ state: "warned", word: "warned" } as const);
}

/** One bar for each run of a check, oldest first: as high as what failed or was measured beside the most of these runs. */
export function CheckRuns({ records }: { readonly records: readonly CheckRecord[] }) {
  const nowMs = useNow();
  const shown = records.slice(-SHOWN_MAX);
  const most = Math.max(...shown.map(({ observed }) => Math.abs(observed)), Number.MIN_VALUE);
  const step = BAR.width + BAR.gap;
  const bad = shown.filter(({ passed }) => !passed).length;
  return (
    <svg
      className="check-runs"
      width={shown.length * step}
      height={BAR.height}
      role="img"
      aria-label={`${count(shown.length)} runs, ${count(bad)} of them not held`}
    >
      {shown.map((record, index) => {
        const tall = Math.max(2, (Math.abs(record.observed) / most) * BAR.height);
        const { state, word } = endOf(record);
        return (
          <rect
            key={record.atMs}
            className={state}
            x={index * step}
            y={BAR.height - tall}
            width={BAR.width}
            height={tall}
          >
            <title>{`${word}: ${count(record.observed)}, ${ago(record.atMs, nowMs)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
