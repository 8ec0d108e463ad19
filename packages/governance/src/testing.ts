import { systemClock, systemIds, type LineageEvent } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allColumns, columnFacets, type ColumnLineage } from "./column-facet.ts";
import type { ColumnGraph } from "./column-graph.ts";
import type { Lineage } from "./lineage.ts";
import type { Dependence } from "./sql/dependence.ts";

/** Opens one and the same lineage, each time as another process would. */
export interface LineageFixture {
  /** On `main`, unless another branch is named. */
  open(branch?: string): Promise<{ readonly lineage: Lineage; close(): Promise<void> }>;
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

    test("what an earlier event made is found by its own name: an older version of a model", async () => {
      const id = systemIds();
      const version = (number: number) => `model:m_${id}/${number}`;
      const train = (number: number, from: string) =>
        told(version(number), { columns: [{ name: "prediction", from: [value(from, "a")] }], rows: [] }, `train-${id}`);
      await lineage.emit(train(1, `table:one-${id}`));
      await lineage.emit(train(2, `table:two-${id}`));
      expect((await lineage.around(`m_${id}`)).nodes).toEqual([version(2), `table:two-${id}`]);
      for (const name of [version(1), `m_${id}/1`])
        expect((await lineage.around(name)).nodes).toEqual([version(1), `table:one-${id}`]);
      const { restsOn, edges } = await lineage.columns({ name: version(1) });
      expect([restsOn, names({ asked: [], edges, restsOn, unread: [] })]).toEqual([
        [],
        [`table:on.a > model:m_.prediction`],
      ]);
    });

    const told = (made: string, columns: ColumnLineage, job = `make ${made}`): LineageEvent => {
      const inputs = [
        ...new Set([...columns.columns.flatMap(({ from }) => from), ...columns.rows].map((one) => one.dataset)),
      ];
      const { outputs, ...rest } = event(job, inputs, [made]);
      return { ...rest, outputs: outputs.map((output) => ({ ...output, facets: columnFacets(columns) })) };
    };
    const value = (dataset: string, column: string): Dependence => ({
      dataset,
      column,
      type: "DIRECT",
      kind: "IDENTITY",
    });
    const filter = (dataset: string, column: string): Dependence => ({
      dataset,
      column,
      type: "INDIRECT",
      kind: "FILTER",
    });
    const names = ({ edges }: ColumnGraph) =>
      edges
        .map(({ from, to }) => `${from.name.slice(0, 8)}.${from.column} > ${to.name.slice(0, 8)}.${to.column}`)
        .toSorted();

    test("a column is followed up and down, by its value and by what decides its rows, as it was at a time", async () => {
      const id = systemIds();
      const [file, one, two] = [`file:ff-${id}`, `table:11-${id}`, `table:22-${id}`];
      await lineage.emit(
        told(one, {
          columns: ["a", "b", "c"].map((name) => ({ name, from: [value(file, name)] })),
          rows: [filter(file, "c")],
        }),
      );
      const second = (from: string) =>
        told(two, {
          columns: [
            { name: "x", from: [value(one, from)] },
            { name: "y", from: [] },
          ],
          rows: [],
        });
      await lineage.emit(second("a"));
      const atMs = systemClock.nowMs();
      while (systemClock.nowMs() === atMs);
      await lineage.emit(second("b"));
      await lineage.emit(second("b"));

      const now = await lineage.columns({ name: `${two}.x` });
      expect(names(now)).toEqual(["file:ff-.b > table:11.b", "file:ff-.c > table:11.*", "table:11.b > table:22.x"]);
      expect(now.restsOn).toEqual([
        { name: file, column: "b", direct: true },
        { name: file, column: "c", direct: false },
      ]);
      const direct = await lineage.columns({ name: `22-${id}.x`, directOnly: true });
      expect(direct.restsOn.map(({ column }) => column)).toEqual(["b"]);
      const before = await lineage.columns({ name: `${two}.x`, atMs });
      expect(before.restsOn.map(({ column }) => column)).toEqual(["a", "c"]);
      const below = await lineage.columns({ name: `${file}.c` });
      expect(names(below)).toEqual(["file:ff-.c > table:11.*", "file:ff-.c > table:11.c", "table:11.b > table:22.x"]);
      await expect(lineage.columns({ name: `${two}.z` })).rejects.toMatchObject({ code: "governance/unknown-column" });
    });

    test("what could not be followed is said, and names all columns", async () => {
      const id = systemIds();
      const all = allColumns(["x"], { inputs: new Map([[`file:f-${id}`, ["a", "b"]]]), because: "it is too clever" });
      await lineage.emit(told(`table:t-${id}`, all));
      const { restsOn, unread } = await lineage.columns({ name: `table:t-${id}.x` });
      expect(restsOn.map(({ column }) => column)).toEqual(["a", "b"]);
      expect(unread).toEqual([{ job: `make table:t-${id}`, because: "it is too clever" }]);
    });

    test("a branch tells of its own steps where it took them, and main of them once it is published", async () => {
      const id = systemIds();
      const [file, made, next] = [`file:f-${id}`, `table:m-${id}`, `table:n-${id}`];
      const from = (column: string) => told(made, { columns: [{ name: "x", from: [value(file, column)] }], rows: [] });
      await lineage.emit(from("a"));
      await lineage.emit(told(next, { columns: [{ name: "y", from: [value(made, "x")] }], rows: [] }));
      const branches = await Promise.all(["audit", "dropped"].map((branch) => fixture.open(branch)));
      for (const branch of branches) {
        await branch.lineage.emit(from("b"));
        await branch.lineage.emit(event(`own-${id}`, [made], [`table:own-${id}`]));
      }
      const restsOn = async (of: Lineage) =>
        (await of.columns({ name: `${next}.y` })).restsOn.map(({ column }) => column);
      const [audit = opened, dropped = opened] = branches;
      expect([await restsOn(lineage), await restsOn(audit.lineage)]).toEqual([["a"], ["b"]]);
      expect((await lineage.around(next)).nodes).toEqual([file, made, next].toSorted());
      expect((await audit.lineage.around(made)).nodes).toEqual([file, made, next, `table:own-${id}`].toSorted());
      await lineage.forgetBranch("dropped");
      expect(await restsOn(dropped.lineage)).toEqual(["a"]);
      await lineage.adopt("audit");
      expect([await restsOn(lineage), await restsOn(audit.lineage)]).toEqual([["b"], ["b"]]);
      expect((await lineage.around(made)).nodes).toContain(`table:own-${id}`);
      await Promise.all(branches.map((branch) => branch.close()));
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
