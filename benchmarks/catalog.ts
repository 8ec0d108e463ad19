import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { findMeans } from "../e2e/support/means.ts";
import { startReferenceCatalog } from "../e2e/support/iceberg-catalog.ts";
import type { BenchResult } from "./bench-result.ts";
import { millPath } from "./support/processes.ts";

const WARM_SECONDS = 3;
const SECONDS = 5;
const ROUNDS = 3;
const CONNECTIONS = 16;
const TABLES = 20;
const COLUMNS = 30;
const support = join(import.meta.dirname, "support");

/**
 * `loadTable` of an Iceberg REST catalog by sixteen clients at once, whole and as known already (304), beside Iceberg's
 * reference catalog with the same tables and clients. The two are asked by turns, each figure is the median of three.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const root = join(import.meta.dirname, "..");
  const jars = findMeans({ root, path: process.env["PATH"] ?? "" }).icebergCatalog;
  const folder = mkdtempSync(join(tmpdir(), "mill-bench-catalog-"));
  const ours = await startOurs(folder);
  const reference = jars === undefined ? undefined : await startReferenceCatalog(jars);
  if (reference === undefined) console.error("NO MEANS  the reference catalog: see CONTRIBUTING.md");
  try {
    const own = await makeTables(ours.url);
    const theirs = reference === undefined ? [] : await makeTables(reference.url);
    const [loads, knowns, others]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      loads.push(await ask(own.map(({ address }) => request(address))));
      knowns.push(await ask(own.map(({ address, etag }) => request(address, etag))));
      if (theirs.length > 0) others.push(await ask(theirs.map(({ address, etag }) => request(address, etag))));
    }
    const peer = others.length === 0 ? {} : { peer: { name: "the reference catalog", value: median(others) } };
    return [
      { name: "loadTable", value: median(loads), unit: "1/s", ...peer },
      { name: "loadTable, known by its ETag", value: median(knowns), unit: "1/s", ...peer },
    ];
  } finally {
    ours.process.kill("SIGTERM");
    await once(ours.process, "exit");
    await reference?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOurs(folder: string): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  writeFileSync(
    join(folder, "millwright.ts"),
    'import { defineProject } from "millwright";\nexport default defineProject({ name: "bench" });\n',
  );
  const child = spawn(millPath, ["up", "--port", "0", "--project", folder], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (said.includes("serving on http://127.0.0.1:")) break;
  }
  const { controlPort } = JSON.parse(readFileSync(join(folder, ".mill", "run.json"), "utf8")) as {
    controlPort: number;
  };
  return { url: `http://127.0.0.1:${controlPort}/iceberg`, process: child };
}

interface Table {
  readonly address: URL;
  readonly etag: string | null;
}

/** Tables without rows, each of thirty columns with some words said of them. */
async function makeTables(url: string): Promise<readonly Table[]> {
  const post = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await post("namespaces", { namespace: ["bench"], properties: {} });
  const fields = Array.from({ length: COLUMNS }, (_, index) => ({
    id: index + 1,
    name: `column_${index}`,
    required: false,
    type: "string",
    doc: `What column ${index} of this table says`,
  }));
  const made: Table[] = [];
  for (let index = 0; index < TABLES; index += 1) {
    const name = `table_${index}`;
    await post("namespaces/bench/tables", { name, schema: { type: "struct", "schema-id": 0, fields } });
    const address = new URL(`${url}/v1/namespaces/bench/tables/${name}`);
    const answer = await fetch(address);
    await answer.arrayBuffer();
    made.push({ address, etag: answer.headers.get("etag") });
  }
  return made;
}

function request({ host, pathname }: URL, etag?: string | null): { readonly port: string; readonly head: string } {
  const known = etag === undefined || etag === null ? "" : `If-None-Match: ${etag}\r\n`;
  const port = host.split(":")[1] ?? "";
  return { port, head: `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n${known}\r\n` };
}

async function ask(requests: readonly { readonly port: string; readonly head: string }[]): Promise<number> {
  const args = [join(support, "caller.ts"), requests[0]?.port, CONNECTIONS, WARM_SECONDS, SECONDS].map(String);
  const caller = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  caller.stdin.end(requests.map(({ head }) => JSON.stringify(head)).join("\n"));
  const { perSecond, refused } = JSON.parse(await text(caller.stdout)) as { perSecond: number; refused: number };
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return perSecond;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
