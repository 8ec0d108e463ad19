import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

// `npx mill test` takes the road on a sample, on state that is thrown away, and then runs this.
const project = openTestProject();

test("holidays are true or false", async () => {
  const [row] = await project.sql("select count(*) as days, count(holiday) as known from ice_cream");
  assert.equal(row?.["known"], row?.["days"]);
});

test("more is sold in the sun than in the rain", async () => {
  const saturday = { day: "2024-07-13T00:00:00Z", temperature: 24, holiday: false };
  const sunny = await project.predict("scoops", { ...saturday, weather: "sunny" });
  const rainy = await project.predict("scoops", { ...saturday, weather: "rainy" });
  assert.ok(sunny.prediction > rainy.prediction);
});
