import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askHttp, type Said } from "./bad-inputs/ask.ts";
import { badInputsPage } from "./bad-inputs/page.ts";
import { badInputs } from "./bad-inputs/rows.ts";
import { ECHO, inputs } from "./bad-inputs/rest-rows.ts";
import { serveForBadInputs } from "./bad-inputs/serve.ts";

// Each row of docs/reference/bad-inputs.md, asked; after each the server answers as before.

let served: Awaited<ReturnType<typeof serveForBadInputs>>;
const found = new Map<string, Said>();
beforeAll(async () => {
  served = await serveForBadInputs();
});
afterAll(() => served.close());

async function stillAnswers(): Promise<void> {
  const { status, text } = await askHttp(served, { path: ECHO, body: { inputs: inputs() } });
  expect({ status, text }).toMatchObject({ status: "200", text: expect.stringContaining('["a","b"]') as string });
}

describe.each(Object.entries(badInputs))("%s", (group, rows) => {
  test.each(rows)("$name", async ({ name, ask, status, code }) => {
    const said = await ask(served);
    expect(said).toMatchObject({ status });
    const isHttp = /^\d+$/.test(status) && code !== undefined;
    if (isHttp) expect(JSON.parse(said.text)).toMatchObject({ code, error: expect.stringMatching(/\w/) as string });
    found.set(`${group}: ${name}`, said);
    await stillAnswers();
  });
});

test("the page of the reference tells of each", async () => {
  expect(found.size).toBeGreaterThan(150);
  await expect(badInputsPage(found)).toMatchFileSnapshot("../../../docs/reference/bad-inputs.md");
});
