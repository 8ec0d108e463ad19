import { markup, section, standalonePage, table, type Markup } from "@millwright/platform";
import type { CheckRecord } from "./check-history.ts";

/** So many runs of each are drawn. */
export const RUNS_SHOWN = 30;

/** Checks over their last runs, as one HTML page. The records are newest first within each name. */
export function checksPage(records: readonly CheckRecord[]): string {
  const groups = [...Map.groupBy(records, ({ name }) => name).values()];
  const body = [headline(groups.flatMap(latestOf)), ...groups.map(groupSection)];
  return standalonePage({ title: "Checks", body });
}

/** The records of the newest run of one name. */
function latestOf(records: readonly CheckRecord[]): readonly CheckRecord[] {
  const [newest] = records;
  return records.filter(({ atMs }) => atMs === newest?.atMs);
}

function headline(latest: readonly CheckRecord[]): Markup {
  const failed = latest.filter(({ passed, severity }) => !passed && severity === "error").length;
  const warned = latest.filter(({ passed, severity }) => !passed && severity === "warning").length;
  const tag = (count: number, word: string, tone: string) =>
    count === 0 ? [] : [markup`<span class="tag ${tone}">${count} ${word}</span>`];
  const held = latest.length - failed - warned;
  return markup`<h1>Checks<span class="tags">${[...tag(failed, "failed", "bad"), ...tag(warned, "warned", "warn"), ...tag(held, "held", "good")]}</span></h1>
<p class="what">${latest.length === 0 ? "No check has run yet." : `What each of ${latest.length} checks found when it last ran, and in the runs before.`}</p>`;
}

function groupSection(records: readonly CheckRecord[]): Markup {
  const latest = latestOf(records);
  const [first] = latest;
  const runs = new Set(records.map(({ atMs }) => atMs)).size;
  return section({
    title: first?.name ?? "",
    lead: `On the table ${first?.table ?? ""}, last at ${time(first?.atMs ?? 0)}; ${runs === 1 ? "one run" : `${runs} runs`}, the newest at the right.`,
    body: table({
      head: ["check", "", "expected", "runs", "failing or measured", "before"],
      numbersFrom: 4,
      rows: latest.map((record) => {
        const before = records.filter(({ check }) => check === record.check);
        return [
          markup`<span class="code">${record.check}</span>`,
          outcome(record),
          markup`<span class="code">${record.expected}</span>`,
          runBars(before.toReversed()),
          figure(record.observed),
          before.length < 2 ? "–" : figure(before[1]?.observed ?? 0),
        ];
      }),
    }),
  });
}

function outcome(record: CheckRecord): Markup {
  const { passed, severity } = record;
  if (passed) return markup`<span class="good">✓ held</span>`;
  return severity === "error" ? markup`<span class="bad">✗ failed</span>` : markup`<span class="warn">! warned</span>`;
}

const BAR = { width: 4, gap: 2, height: 16 };

/** One bar for each run, as high as what failed, or what was measured, beside the most of these runs. */
function runBars(records: readonly CheckRecord[]): Markup {
  const most = Math.max(...records.map(({ observed }) => Math.abs(observed)), Number.MIN_VALUE);
  const step = BAR.width + BAR.gap;
  const bars = records.map(({ passed, severity, observed, atMs }, index) => {
    const high = Math.max(2, (Math.abs(observed) / most) * BAR.height);
    const tone = passed ? "good" : severity === "error" ? "bad" : "warn";
    return markup`<rect class="${tone}" x="${index * step}" y="${(BAR.height - high).toFixed(1)}" width="${BAR.width}" height="${high.toFixed(1)}"><title>${time(atMs)}: ${figure(observed)}</title></rect>`;
  });
  return markup`<svg class="runs" width="${RUNS_SHOWN * step}" height="${BAR.height}" role="img" aria-label="${records.length} runs">${bars}</svg>`;
}

function figure(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

function time(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
