import { modelNameOf, type OwnDataPlan } from "../plan.ts";

/** `tests/TABLE.test.ts`: what `mill test` asks of the project on a sample. `example` is a row as a caller sends it. */
export function testFile(plan: OwnDataPlan, example: Readonly<Record<string, unknown>>): string {
  const { table, label, task } = plan;
  const fields = Object.entries(example).map(([name, value]) => `    ${name}: ${JSON.stringify(value)},\n`);
  const asserted = {
    binary: "assert.ok(answer.probability > 0 && answer.probability < 1);",
    classes: "assert.ok(Object.keys(answer.probabilities).includes(String(answer.prediction)));",
    number: "assert.ok(Number.isFinite(answer.prediction));",
  }[task.value];
  return `import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

// \`mill test\` takes the road on a sample of the file, on state that is thrown away, and then runs this.
const project = openTestProject();

test("every row that is kept has a ${label.value.name}", async () => {
  const [row] = await project.sql("select count(*) as kept, count(${label.value.name}) as known from ${table}");
  assert.ok(Number(row?.["kept"]) > 0);
  assert.equal(row?.["known"], row?.["kept"]);
});

test("the service answers a row of the file", async () => {
  const answer = await project.predict("${modelNameOf(plan)}", {
${fields.join("")}  });
  ${asserted}
});
`;
}
