import { expect, test } from "vitest";
import { mergedMetrics } from "../src/shards/merged-metrics.ts";

const of = (lines: readonly string[]) => `${lines.join("\n")}\n`;

test("what several processes count is told as one server's: series of all, sums of those that more than one has", () => {
  const head = ["# HELP loads Loads of models", "# TYPE loads counter"];
  const help = ["# HELP asked Requests answered", "# TYPE asked histogram"];
  const first = of([...help, 'asked_bucket{model="a b",le="1"} 2', 'asked_sum{model="a b"} 0.5', ...head, "loads 3"]);
  const second = of([...help, 'asked_bucket{model="c",le="1"} 1', 'asked_sum{model="a b"} 0.25', ...head, "loads 4"]);
  expect(mergedMetrics([first, second])).toBe(
    of([
      ...help,
      'asked_bucket{model="a b",le="1"} 2',
      'asked_sum{model="a b"} 0.75',
      'asked_bucket{model="c",le="1"} 1',
      ...head,
      "loads 7",
    ]),
  );
  expect(mergedMetrics([first])).toBe(first);
});
