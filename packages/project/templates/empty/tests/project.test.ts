import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

// `mill test` takes the road on samples of the sources, on state that is thrown away, and then runs this.
const project = openTestProject();

test("SQL answers", async () => {
  const [row] = await project.sql("select 1 + 1 as two");
  assert.equal(row?.["two"], 2);
});
