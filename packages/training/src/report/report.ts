import { markup, NOTHING, section, standalonePage, table, type Markup } from "@millwright/platform";
import type { GateResult } from "../gates.ts";
import { bestBaseline } from "../judgement/best-baseline.ts";
import { gainOver, type Metrics } from "../judgement/metrics.ts";
import type { Judgement, Slice } from "../judgement/judgement.ts";
import { binaryPanels } from "./binary-plots.ts";
import { classPanels, learningPanel, numberPanels } from "./other-plots.ts";
import { bar } from "./panels.ts";
import { count, figure, metricTitle, percent, time } from "./words.ts";

/** What a report tells of, beside the judgement. */
export interface ReportSubject {
  readonly model: string;
  readonly runId: string;
  /** What it is called by: its version, and the aliases that mean it. */
  readonly tags: readonly string[];
  readonly madeAtMs: number;
  readonly rows: number;
  readonly gates: readonly GateResult[];
  readonly importance: readonly {
    readonly feature: string;
    readonly gain: number;
    readonly contribution?: number | null;
  }[];
  readonly parameters: Readonly<Record<string, unknown>>;
}

const FEATURES_SHOWN = 25;

/** A version's report. */
export function reportPage(subject: ReportSubject, judgement: Judgement): string {
  const { model, tags } = subject;
  const body = [
    verdict(subject, judgement),
    gatesSection(subject.gates),
    plotsSection(judgement),
    metricsSection(judgement),
    ...judgement.slices.map((slice) => sliceSection(slice, judgement)),
    importanceSection(subject),
    factsSection(subject),
  ];
  return standalonePage({ title: [model, ...tags].join(" · "), body });
}

/** The main metric, large, and what the baselines reach on the same rows. */
function verdict({ model, tags, madeAtMs, rows, gates }: ReportSubject, judgement: Judgement): Markup {
  const { metric, test, baselines } = judgement;
  const failed = gates.filter(({ passed }) => !passed).length;
  const held =
    failed === 0 ? "every gate holds" : `${failed} of ${gates.length} gates ${failed === 1 ? "does" : "do"} not hold`;
  const isSmallerBetter = gainOver(metric, { value: 0, other: 1 }) > 0;
  const values = [
    { title: "this version", value: test.metrics[metric], kind: "own" },
    ...baselines.map(({ title, metrics }) => ({ title, value: metrics[metric], kind: "" })),
  ];
  const longest = Math.max(...values.map(({ value }) => Math.abs(value ?? 0)), Number.MIN_VALUE);
  return markup`<h1>${model}<span class="tags">${tags.map((tag) => markup`<span class="tag">${tag}</span>`)}<span class="tag ${failed === 0 ? "good" : "bad"}">${held}</span></span></h1>
<p class="what">Made ${time(madeAtMs)} from ${count(rows)} rows, judged on ${count(test.metrics.rows)} test rows that it never saw.</p>
<div class="verdict"><div><div class="what">${metricTitle(metric)} on the test rows${isSmallerBetter ? ", the smaller the better" : ""}</div><div class="value">${figure(test.metrics[metric])}</div><div class="what">${gainText(judgement)}</div></div>
<div class="beside">${values.map(({ title, value, kind }) => markup`<span class="${kind}">${title}</span>${bar(Math.abs(value ?? 0) / longest, kind === "own" ? "s0" : "other")}<span class="number ${kind}">${figure(value)}</span>`)}</div></div>`;
}

/** How it stands beside the best baseline, in words. */
function gainText({ metric, test, baselines }: Judgement): string {
  const best = bestBaseline(metric, baselines);
  const value = test.metrics[metric];
  if (best === undefined || value === undefined) return "";
  const gain = gainOver(metric, { value, other: best.value });
  return `${figure(Math.abs(gain))} ${gain >= 0 ? "better" : "worse"} than ${best.title}`;
}

function gatesSection(gates: readonly GateResult[]): Markup {
  if (gates.length === 0) return NOTHING;
  return section({
    title: "Gates",
    lead: "What had to hold before this version could become the champion.",
    body: table({
      head: ["gate", "", "observed", "needed"],
      numbersFrom: 2,
      rows: gates.map(({ gate, passed, observed, needed }) => [
        gate,
        passed ? markup`<span class="good">✓ holds</span>` : markup`<span class="bad">✗ does not hold</span>`,
        figure(observed),
        figure(needed),
      ]),
    }),
  });
}

function plotsSection(judgement: Judgement): Markup {
  const { plots, metrics } = judgement.test;
  const panels =
    plots.kind === "binary"
      ? binaryPanels({ plots, metrics })
      : plots.kind === "squared"
        ? numberPanels(plots, metrics)
        : classPanels(plots);
  return section({
    title: "On the test rows",
    body: markup`<div class="figures">${[...panels, learningPanel(judgement.learning)]}</div>`,
  });
}

function metricsSection({ validation, test, baselines }: Judgement): Markup {
  const columns = [validation.metrics, test.metrics, ...baselines.map(({ metrics }) => metrics)];
  const names = Object.keys(test.metrics) as (keyof Metrics)[];
  return section({
    title: "Metrics",
    lead: "The baselines learned from the same rows and answer for the same test rows; a constant guess looks at nothing, the linear model at the numbers alone.",
    body: table({
      head: ["metric", "validation", "test", ...baselines.map(({ title }) => `${title}, test`)],
      numbersFrom: 1,
      rows: names.map((name) => [metricTitle(name), ...columns.map((metrics) => figure(metrics[name]))]),
    }),
  });
}

function sliceSection({ column, values }: Slice, { metric, test }: Judgement): Markup {
  const names = (Object.keys(test.metrics) as (keyof Metrics)[]).filter((name) => name !== metric && name !== "rows");
  const shown = [metric, ...names.slice(0, SLICE_METRICS - 1)];
  const cells = (metrics: Metrics) => [count(metrics.rows), ...shown.map((name) => figure(metrics[name]))];
  return section({
    title: `By ${column}`,
    lead: "The test rows by the values of this column, the most frequent ones first.",
    body: table({
      head: [column, "share of rows", "rows", ...shown.map(metricTitle)],
      numbersFrom: 2,
      rows: [
        ...values.map(({ value, metrics }) => [value, bar(metrics.rows / test.metrics.rows), ...cells(metrics)]),
        [markup`<b>all test rows</b>`, bar(1), ...cells(test.metrics)],
      ],
    }),
  });
}

const SLICE_METRICS = 5;

function importanceSection({ importance }: ReportSubject): Markup {
  const [first] = importance;
  if (first === undefined) return NOTHING;
  const shown = importance.slice(0, FEATURES_SHOWN);
  return section({
    title: "What it goes by",
    lead: `The share of all that the splits gained, by feature, and how much it adds to or takes from the answer before its link on average${shown.length < importance.length ? `; the first ${shown.length} of ${importance.length}` : ""}.`,
    body: table({
      head: ["feature", "", "gain", "adds or takes"],
      numbersFrom: 2,
      rows: shown.map(({ feature, gain, contribution = null }) => [
        markup`<span class="code">${feature}</span>`,
        bar(gain / (first.gain || 1)),
        percent(gain),
        contribution === null ? "–" : contribution.toFixed(4),
      ]),
    }),
  });
}

function factsSection({ runId, rows, parameters }: ReportSubject): Markup {
  const facts = { run: runId, "rows learned from": count(rows), ...parameters };
  return section({
    title: "How it was made",
    body: markup`<dl class="facts">${Object.entries(facts).map(
      ([name, value]) =>
        markup`<div><dt>${name}</dt><dd class="code">${typeof value === "string" ? value : JSON.stringify(value)}</dd></div>`,
    )}</dl>`,
  });
}
