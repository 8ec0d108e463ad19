import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { buffer } from "node:stream/consumers";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { packTar } from "modern-tar/fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resolveModelUri } from "../src/storage/resolve-model-uri.ts";

// Models that come as archives: what they hold, and what they may not do.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-archives-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cache = () => join(folder, "cache");
const resolved = async (path: string, bytesMax = 100_000) =>
  (await resolveModelUri(path, { cacheFolder: cache(), bytesMax })).path;
const refusal = (path: string, bytesMax?: number) =>
  resolved(path, bytesMax).then(
    (found) => `it is at ${found}`,
    ({ code, because }: { code: string; because: string }) => `${code}: ${because.replaceAll(folder, "")}`,
  );
/** All files below the cache. */
const left = () =>
  existsSync(cache())
    ? readdirSync(cache(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];

type Files = Readonly<Record<string, string>>;

function tar(files: Files): Promise<Buffer> {
  const sources = Object.entries(files).map(([target, content]) => ({ type: "content", target, content }) as const);
  return buffer(packTar(sources));
}
function zip(files: Files): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
}
function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
/** A header of one entry, as `tar` itself would not write it. */
async function renamed(from: string, to: string): Promise<Buffer> {
  const bytes = await tar({ [from]: "x" });
  bytes.fill(0, 0, 100);
  bytes.write(to, 0, "latin1");
  bytes.fill(" ", 148, 156);
  const sum = bytes.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

const TRITON: Files = { "1/model.onnx": "one", "2/model.onnx": "two", "config.pbtxt": "max_batch_size: 4" };

describe("an archive", () => {
  test.each([
    ["model.tar", (bytes: Buffer) => bytes],
    ["model.tar.gz", (bytes: Buffer) => gzipSync(bytes)],
    ["model.tgz", (bytes: Buffer) => gzipSync(bytes)],
  ])("%s is the folder that was packed", async (name, packed) => {
    const found = await resolved(write(name, packed(await tar(TRITON))));
    for (const [file, text] of Object.entries(TRITON)) expect(readFileSync(join(found, file), "utf8")).toBe(text);
    expect(left()).toHaveLength(3);
  });

  test("model.zip is too, large files and all", async () => {
    const large = "0123456789".repeat(200_000);
    const found = await resolved(
      write("model.zip", zip({ ...TRITON, "3/model.onnx": large, "empty/": "" })),
      3_000_000,
    );
    for (const [file, text] of Object.entries(TRITON)) expect(readFileSync(join(found, file), "utf8")).toBe(text);
    expect(readFileSync(join(found, "3", "model.onnx"), "utf8")).toBe(large);
  });

  test("of one file is the file, of one folder the folder, of one version what was packed", async () => {
    expect(basename(await resolved(write("a.zip", zip({ "model.onnx": "x" }))))).toBe("model.onnx");
    expect(basename(await resolved(write("b.tar", await tar({ "churn/MLmodel": "x", "churn/m.onnx": "y" }))))).toBe(
      "churn",
    );
    expect(readdirSync(await resolved(write("c.zip", zip({ "1/model.onnx": "x" }))))).toEqual(["1"]);
  });

  test("is unpacked once, and anew when another stands in its place; those before the last two go", async () => {
    const path = write("m.zip", zip({ "model.txt": "1" }));
    const first = await resolved(path);
    writeFileSync(first, "it is not unpacked again");
    expect(await resolved(path)).toBe(first);
    expect(readFileSync(first, "utf8")).toBe("it is not unpacked again");
    for (const text of ["2", "3"]) {
      writeFileSync(path, zip({ "model.txt": text }));
      utimesSync(path, Number(text) * 1_000, Number(text) * 1_000);
      expect(readFileSync(await resolved(path), "utf8")).toBe(text);
    }
    expect(left()).toHaveLength(2);
    expect(existsSync(first)).toBe(false);
  });

  test("asked for by many at once is there whole for each", async () => {
    const path = write("m.tgz", gzipSync(await tar(TRITON)));
    const places = await Promise.all(Array.from({ length: 8 }, () => resolved(path)));
    expect(new Set(places).size).toBe(1);
    expect(left()).toHaveLength(3);
  });

  test("that nobody came to the end of unpacking goes after a day", async () => {
    const path = write("m.zip", zip({ model: "1" }));
    const place = dirname(await resolved(path));
    for (const [name, seconds] of [
      ["old.part", 1_000],
      ["new.part", Date.now() / 1_000],
    ] as const) {
      mkdirSync(join(place, "..", name));
      utimesSync(join(place, "..", name), seconds, seconds);
    }
    utimesSync(path, 5, 5);
    await resolved(path);
    expect(readdirSync(join(place, "..")).filter((name) => name.endsWith(".part"))).toEqual(["new.part"]);
  });

  test.each([
    ["a link", linked, "is a symlink"],
    ["a name above it", () => renamed("model", "../model"), "leads out of it"],
    ["a name of the whole machine", () => renamed("model", "/tmp/mill-model"), "leads out of it"],
  ])("with %s in it is refused whole", async (_name, make, because) => {
    const refused = await refusal(write("m.tar", await make()));
    expect(refused).toMatch(/^inference\/model-uri: /);
    expect(refused).toContain(because);
    expect(left()).toEqual([]);
    expect(existsSync(join(cache(), "model"))).toBe(false);
  });

  test("of a zip's names the same holds", async () => {
    expect(await refusal(write("m.zip", zip({ "../model": "x" })))).toContain("leads out of it");
    expect(await refusal(write("n.zip", zip({ "a\\b": "x" })))).toContain("leads out of it");
    expect(left()).toEqual([]);
  });

  test("that is larger than may be, cut off, or no archive is refused, and nothing of it stays", async () => {
    const bomb = "0".repeat(1_000_000);
    expect(await refusal(write("a.zip", zip({ model: bomb })))).toContain("it is larger than 100000 bytes");
    expect(await refusal(write("b.tgz", gzipSync(await tar({ model: bomb }))))).toContain(
      "it is larger than 100000 bytes",
    );
    const whole = { tgz: gzipSync(await tar(TRITON)), zip: zip(TRITON), tar: await tar(TRITON) };
    for (const [kind, bytes] of Object.entries(whole)) {
      expect(await refusal(write(`cut.${kind}`, bytes.subarray(0, bytes.length * 0.3)))).toMatch(
        /^inference\/model-uri: /,
      );
      expect(
        await refusal(write(`none.${kind}`, Buffer.from("no archive, but long enough for one".repeat(40)))),
      ).toMatch(/^inference\/model-uri: /);
      expect(await refusal(write(`empty.${kind}`, Buffer.alloc(0)))).toMatch(/^inference\/model-uri: /);
    }
    expect(left()).toEqual([]);
  });
});

/** A link out of the archive, and a file behind it. */
function linked(): Promise<Buffer> {
  const source = join(folder, "source");
  mkdirSync(source);
  symlinkSync("/tmp", join(source, "out"));
  return buffer(packTar(source));
}
