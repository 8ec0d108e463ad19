import { expect, test } from "vitest";
import { createClient } from "../src/index.ts";

interface Services {
  orders: { request: { colour: string }; response: { prediction: string } };
}

const explanation = {
  scale: "score",
  class: "large",
  base: -1,
  contributions: [{ feature: "colour", value: "red", contribution: 2 }],
};

test("an explanation is asked for beside the request's own fields, and comes typed", async () => {
  const asked: unknown[] = [];
  const client = createClient<Services>({
    url: "http://127.0.0.1:8080",
    fetch: async (...given) => {
      const request = new Request(...given);
      asked.push(request.url, await request.json());
      return Response.json({ prediction: "large", explanation });
    },
  });
  const answer = await client.explain("orders", { colour: "red" });
  expect(asked).toEqual([
    "http://127.0.0.1:8080/v2/models/orders/infer",
    { colour: "red", parameters: { explain: true } },
  ]);
  const [first] = answer.explanation.contributions;
  expect([answer.prediction, first?.feature, first?.contribution]).toEqual(["large", "colour", 2]);
});
