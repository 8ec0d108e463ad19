import { expect, test } from "vitest";
import { createLatencyHistogram } from "../src/latency.ts";
import { servingTop } from "../src/top/serving-top.ts";

const LABELS = 'model="a \\"b\\"",version="2"';

/** A page as `/metrics` has it, of so many answers and failures, of which the last took a while. */
function page(times: readonly number[], failed: number): string {
  const infer = createLatencyHistogram();
  for (const seconds of times) infer.observe(seconds);
  return [
    "# TYPE nv_inference_request_success counter",
    `nv_inference_request_success{${LABELS}} ${times.length}`,
    `nv_inference_request_failure{${LABELS}} ${failed}`,
    `nv_inference_pending_request_count{${LABELS}} 3`,
    "process_resident_memory_bytes 5000000",
    ...infer.lines("millwright_inference_seconds", `${LABELS},phase="infer"`),
  ].join("\n");
}

test("what was done between two looks is told, by the second and by its times alone", () => {
  const slow = Array.from({ length: 90 }, () => 2);
  const fast = Array.from({ length: 10 }, () => 0.0002);
  const top = servingTop({ text: page(slow, 1), atMs: 1_000 }, { text: page([...slow, ...fast], 5), atMs: 3_000 });
  expect(top).toMatchObject({ seconds: 2, perSecond: 5, errorsPerSecond: 2, memoryBytes: 5_000_000 });
  const [row] = top.models;
  expect(top.models).toHaveLength(1);
  expect(row).toMatchObject({ model: 'a "b"', version: "2", perSecond: 5, errorsPerSecond: 2, queue: 3 });
  expect(row?.phases["infer"]?.p99Ms).toBeLessThan(0.26);
  expect(row?.phases["infer"]?.p50Ms).toBeGreaterThan(0.09);
});

test("a process that began anew is counted from its beginning, and what was not asked has no times", () => {
  const top = servingTop({ text: page([1, 1, 1], 9), atMs: 0 }, { text: page([1], 0), atMs: 1_000 });
  expect(top.models[0]).toMatchObject({ perSecond: 1, errorsPerSecond: 0 });
  const still = servingTop({ text: page([1], 0), atMs: 0 }, { text: page([1], 0), atMs: 1_000 });
  expect(still.models[0]).toMatchObject({ perSecond: 0, phases: { infer: { p50Ms: null, p99Ms: null } } });
});
