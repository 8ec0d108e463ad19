import { spawnSync, type ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edit, eventually, mill, millLater } from "./support/project.ts";

const root = join(import.meta.dirname, "..");
let projectDir: string;
const at = () => ["--project", projectDir];
const generated = () => readFileSync(join(projectDir, ".mill", "generated", "types.d.ts"), "utf8");

beforeAll(() => {
  // Types rest on declared columns and on SQL: no data is needed.
  projectDir = mkdtempSync(join(tmpdir(), "mill-types-"));
  const filter = (path: string) => !/\/(node_modules|\.mill)(\/|$)/.test(path);
  cpSync(join(root, "examples", "flights"), projectDir, { recursive: true, filter });
});

afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

test("--check ends with 0 while the types are fresh, with 1 when they are stale, and changes nothing", () => {
  expect(mill(["types", ...at()]).code).toBe(0);
  expect(mill(["types", "--check", ...at()]).code).toBe(0);
  expect(generated()).toMatch(/"late-flights": \{ request: .*errors: "features\/missing-field" \|/s);
  const before = generated();
  edit(projectDir, "models/staging/airports.sql", (text) => text.replace(/^select$/m, "select 1 as one_more,"));
  const stale = mill(["types", "--check", ...at()]);
  expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining("project/types-stale") as string });
  expect(generated()).toBe(before);
});

test("the plain compiler has nothing to say of the example, nor of what it imports, and keeps what it checked", () => {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [compiler, "--noEmit", "-p", projectDir], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(readdirSync(join(projectDir, ".mill", "generated"))).toContain("checked.tsbuildinfo");
});

test("--watch makes them again after each save, and outlives one that cannot be read", async () => {
  let child: ChildProcess | undefined;
  let said = "";
  const ended = millLater(["types", "--watch", "--json", ...at()], (started) => {
    child = started;
    child.stdout?.on("data", (text: string) => (said += text));
  });
  await eventually("the first types", () => (generated().includes('"one_more": number') ? true : undefined));
  const [intact, broken] = [readFileSync(join(projectDir, "features", "route.ts"), "utf8"), "export const broken = (;"];
  writeFileSync(join(projectDir, "features", "route.ts"), broken);
  await eventually("why it cannot be read", () =>
    said.includes('"code":"project/unreadable-definition"') ? true : undefined,
  );
  writeFileSync(join(projectDir, "features", "route.ts"), intact);
  edit(projectDir, "models/staging/airports.sql", (text) => text.replace("one_more", "another"));
  await eventually("the renamed column", () => (generated().includes('"another": number') ? true : undefined));
  child?.kill("SIGINT");
  expect((await ended).code).toBe(130);
});

describe("--service writes a file that stands alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-alone-"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  /** What the compiler says of the files in a folder that holds nothing else. */
  const compile = (...options: readonly string[]) => {
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    const fixed = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "false",
      "--module",
      "esnext",
      "--moduleResolution",
      "bundler",
      "--target",
      "esnext",
    ];
    const files = ["caller.ts", "--allowImportingTsExtensions", "--types", ""];
    const all = [compiler, ...files, ...fixed, ...options];
    return spawnSync(process.execPath, all, { cwd: folder, encoding: "utf8" }).stdout;
  };
  const call = (extra: string) =>
    `import { createLateFlightsClient, LateFlightsError } from "./service.ts";
const client = createLateFlightsClient({ url: process_url });
declare const process_url: string;
const answer = await client.predict({ origin: "ORD", destination: "SFO", departed_at: "2001-06-30T18:00:00Z", distance: 1846${extra} });
export const half: number = answer.probability / 2;
export const lacks: boolean = new LateFlightsError(400, {}).code === "features/missing-field";
`;

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("and compiles with a browser's types and with none, its request and answer typed", () => {
    expect(mill(["types", "--service", "late-flights", "--out", join(folder, "service.ts"), ...at()]).code).toBe(0);
    write("caller.ts", call(""));
    expect(compile()).toBe("");
    expect(compile("--lib", "esnext")).toBe("");
    write(
      "caller.ts",
      `${call("")}export const why: string | undefined = (await client.explain({ origin: "ORD", destination: "SFO", departed_at: "2001-06-30T18:00:00Z", distance: 1846 })).explanation.contributions[0]?.feature;\n`,
    );
    expect(compile()).toBe("");
    // Its views refuse no flight for being old: this is no code of the service.
    write("caller.ts", call("").replace("features/missing-field", "features/stale"));
    expect(compile()).toMatch(/error TS2367/);
    write("caller.ts", call(", gate: 7"));
    expect(compile()).toMatch(/^caller\.ts\(4,\d+\): error TS2353: .*'gate'/);
  });

  test("and calls the service, its refusals with code and remedy", async () => {
    const server = createServer((request, response) => {
      const refuse =
        request.headers["content-type"] !== "application/json" || !request.url?.endsWith("/late-flights/infer");
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { distance } = JSON.parse(body) as { distance: number };
        response.writeHead(refuse || distance < 0 ? 400 : 200, { "content-type": "application/json" });
        response.end(
          JSON.stringify(
            distance < 0
              ? { error: "no", code: "serving/bad-request", remedy: "ask again" }
              : { probability: distance / 10 },
          ),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { createLateFlightsClient } = (await import(join(folder, "service.ts"))) as {
      createLateFlightsClient: (options: { url: string }) => {
        predict(request: object): Promise<{ probability: number }>;
      };
    };
    const client = createLateFlightsClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    expect(await client.predict({ distance: 4 })).toEqual({ probability: 0.4 });
    await expect(client.predict({ distance: -1 })).rejects.toMatchObject({
      status: 400,
      code: "serving/bad-request",
      remedy: "ask again",
      message: "no",
    });
    server.close();
  });

  test("as declarations alone when the file is called so", () => {
    expect(mill(["types", "--service", "late-flights", "--out", join(folder, "types.d.ts"), ...at()]).code).toBe(0);
    write(
      "caller.ts",
      'import type { LateFlightsRequest, Services } from "./types.d.ts";\nexport const request = (one: LateFlightsRequest): Services["late-flights"]["request"] => one;\n',
    );
    expect(compile()).toBe("");
  });
});
