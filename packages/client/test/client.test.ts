import { expect, test } from "vitest";
import { createClient } from "../src/index.ts";

interface Services {
  orders: {
    request: { colour: string };
    response: { prediction: string };
    errors: "serving/bad-request" | "features/stale";
  };
  bills: { request: { sum: number }; response: { prediction: number }; errors: "kernel/defect" };
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

test("a refusal has the service's own codes, and is no other service's", async () => {
  const refused = { error: "too old", code: "features/stale", remedy: "materialise" };
  const fetch = () => Promise.resolve(Response.json(refused, { status: 503 }));
  const client = createClient<Services>({ url: "http://127.0.0.1:8080", fetch });
  const error: unknown = await client.predict("orders", { colour: "red" }).catch((thrown: unknown) => thrown);
  expect(client.isRefusal("bills", error)).toBe(false);
  if (!client.isRefusal("orders", error)) throw error;
  const code: "serving/bad-request" | "features/stale" | undefined = error.code;
  // @ts-expect-error: a code that this service does not have
  expect(error.code === "kernel/defect").toBe(false);
  expect([code, error.status, error.remedy]).toEqual(["features/stale", 503, "materialise"]);
});
