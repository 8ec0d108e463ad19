import { systemIds, type LineageEvent } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lineage } from "./lineage.ts";

/** Opens one and the same lineage, each time as another process would. */
export interface LineageFixture {
  open(): Promise<{ readonly lineage: Lineage; close(): Promise<void> }>;
}

/** What every store of lineage does. */
export function lineageSuite(name: string, fixture: LineageFixture): void {
  describe(`Lineage on ${name}`, () => {
    let lineage: Lineage;
    let opened: Awaited<ReturnType<LineageFixture["open"]>>;
    const event = (job: string, inputs: readonly string[], outputs: readonly string[]): LineageEvent => ({
      eventType: "COMPLETE",
      eventTime: "2026-11-27T00:00:00.000Z",
      run: { runId: systemIds() },
      job: { namespace: "test", name: job },
      inputs: inputs.map((input) => ({ namespace: "test", name: input })),
      outputs: outputs.map((output) => ({ namespace: "test", name: output })),
    });
    beforeAll(async () => {
      opened = await fixture.open();
      ({ lineage } = opened);
    });
    afterAll(() => opened.close());

    test("what something came from and what hangs on it, and not what stands beside, by another process too", async () => {
      const id = systemIds();
      const at = (kind: string, what: string) => `${kind}:${what}-${id}`;
      await lineage.emit(event(`1-${id}`, [at("file", "a")], [at("source", "a")]));
      await lineage.emit(
        event(`2-${id}`, [at("source", "a"), at("source", "b")], [at("table", "t"), at("table", "u")]),
      );
      await lineage.emit(event(`3-${id}`, [at("table", "t")], [at("model", "m")]));
      const other = await fixture.open();
      const graph = await other.lineage.around(at("table", "t"));
      await other.close();
      expect(graph.nodes).toEqual(
        [at("file", "a"), at("model", "m"), at("source", "a"), at("source", "b"), at("table", "t")].toSorted(),
      );
      expect(graph.edges).toHaveLength(4);
      expect(await lineage.around(`t-${id}`)).toEqual(graph);
      await expect(lineage.around(`never-${id}`)).rejects.toMatchObject({ code: "governance/unknown-name" });
    });

    test("a job's edges are those of its latest event", async () => {
      const id = systemIds();
      await lineage.emit(event(`job-${id}`, [`table:old-${id}`], [`table:made-${id}`]));
      await lineage.emit(event(`job-${id}`, [`table:new-${id}`], [`table:made-${id}`]));
      const { nodes } = await lineage.around(`table:made-${id}`);
      expect(nodes).toEqual([`table:made-${id}`, `table:new-${id}`]);
    });

    test("events that are told at the same time are all kept", async () => {
      const id = systemIds();
      const jobs = Array.from({ length: 60 }, (_, index) => index);
      await Promise.all(
        jobs.map((index) => lineage.emit(event(`${index}-${id}`, [`table:root-${id}`], [`table:${index}-${id}`]))),
      );
      expect((await lineage.around(`table:root-${id}`)).nodes).toHaveLength(61);
    });
  });
}
