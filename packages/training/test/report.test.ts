import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { judgePart, type AnsweredPart } from "../src/judgement/judge-part.ts";
import type { Judgement } from "../src/judgement/judgement.ts";
import { reportPage, type ReportSubject } from "../src/report/report.ts";

const PAYLOAD = `"><img src=x onerror=alert(1)><script>alert(1)</script>'\u0000`;

const subject: ReportSubject = {
  model: PAYLOAD,
  runId: PAYLOAD,
  tags: [PAYLOAD],
  madeAtMs: 0,
  rows: 8,
  gates: [{ gate: PAYLOAD, passed: false, observed: null, needed: 0.5 }],
  importance: [{ feature: PAYLOAD, gain: 1 }],
  parameters: { [PAYLOAD]: PAYLOAD, nested: { [PAYLOAD]: [PAYLOAD] } },
};

const rows = {
  binary: [Float32Array.from([1, 1, 0, 0]), Float32Array.from([0.9, 0.4, 0.6, 0.1])],
  squared: [Float32Array.from([1, 2, 3, 4]), Float32Array.from([1, 3, 3, 2])],
  softmax: [Float32Array.from([0, 1, 1, Number.NaN]), Float32Array.from([0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.5, 0.5])],
} as const;

function judgementOf(objective: keyof typeof rows): Judgement {
  const [labels, predictions] = rows[objective];
  const part: AnsweredPart = { objective, classes: objective === "softmax" ? [PAYLOAD, "b"] : [], labels, predictions };
  const judged = judgePart(part, objective === "binary" ? 0.5 : null);
  return {
    objective,
    metric: objective === "squared" ? "rmse" : "log_loss",
    threshold: null,
    validation: judged,
    test: judged,
    baselines: [{ name: "constant", title: PAYLOAD, metrics: judged.metrics }],
    slices: [{ column: PAYLOAD, values: [{ value: PAYLOAD, metrics: judged.metrics }] }],
    learning: { loss: "log loss", rows: 4, points: [{ trees: 1, train: 0.5, validation: 0.6 }] },
  };
}

describe.each(["binary", "squared", "softmax"] as const)("the report of %s", (objective) => {
  const page = reportPage(subject, judgementOf(objective));

  test("escapes what it is told, wherever that stands", () => {
    // The payload opens no element and ends no attribute; escaped it is all there.
    expect(page).not.toMatch(/<script|<img|\0/i);
    expect(page.split("&lt;script&gt;alert(1)&lt;/script&gt;").length).toBeGreaterThan(8);
    expect(page).not.toContain("NaN");
    const elements = new Set(Array.from(page.matchAll(/<([a-z0-9]+)/gi), ([, name]) => name));
    for (const name of ["script", "img", "iframe", "link", "object", "a"]) expect(elements).not.toContain(name);
  });

  test("asks nothing of any network, by a policy that lets its own style through and nothing else", () => {
    const tags = page.match(/<[^>]+>/g) ?? [];
    expect(tags.filter((tag) => /\s(?:src|href|style|on[a-z]+)=/i.test(tag))).toEqual([]);
    expect(page).not.toMatch(/@import|url\(/i);
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;;`);
  });
});
