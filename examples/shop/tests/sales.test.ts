import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

// `mill test` takes the road on a sample of the file, on state that is thrown away, and then runs this.
const project = openTestProject();

test("every row that is kept has a returned", async () => {
  const [row] = await project.sql("select count(*) as kept, count(returned) as known from sales");
  assert.ok(Number(row?.["kept"]) > 0);
  assert.equal(row?.["known"], row?.["kept"]);
});

test("the service answers a row of the file", async () => {
  const answer = await project.predict("returned", {
    sold_on: "2025-05-17T00:00:00Z",
    customer: "C168",
    shop: "Online",
    category: "Bags",
    price: 100.13,
    qty: 1,
    age_of_customer: 29,
    express: false,
  });
  assert.ok(answer.probability > 0 && answer.probability < 1);
});
