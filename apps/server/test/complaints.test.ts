import { expect, test } from "vitest";
import { createComplaints } from "../src/control/complaints.ts";

test("what fails for a service is logged when it is news, and ends nothing", async () => {
  const logged: unknown[] = [];
  const complaints = createComplaints({ error: (fields: object) => logged.push(fields) }, "it could not go on");
  const fails = (because: string) => () => Promise.reject(new Error(because));
  for (const work of [fails("one"), fails("one"), fails("two"), async () => {}, fails("two")])
    await complaints.hear("late", work);
  await complaints.hear("board", fails("two"));
  expect(logged.map((fields) => JSON.parse(JSON.stringify(fields)) as unknown)).toMatchObject([
    { service: "late" },
    { service: "late" },
    { service: "late" },
    { service: "board" },
  ]);
});
