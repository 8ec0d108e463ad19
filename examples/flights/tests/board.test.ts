import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

// `mill test` takes the road on a sample of the flights, on state that is thrown away, and then runs this.
const project = openTestProject();

test("a flight is late from the sixteenth minute on", async () => {
  const [row] = await project.sql(
    "select min(delay) as least, max(delay) filter (where late = 0) as most from flights where late = 1 or late = 0",
  );
  assert.ok(Number(row?.["most"]) <= 15);
  assert.ok(Number(row?.["least"]) >= -120);
});

test("the board's question has an answer", async () => {
  const { probability } = await project.predict("late-flights", {
    origin: "ORD",
    destination: "SFO",
    departed_at: "2001-06-30T18:00:00Z",
    distance: 1846,
  });
  assert.ok(probability > 0 && probability < 1);
});
