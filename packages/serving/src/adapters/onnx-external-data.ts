import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { ProtoReader } from "../trees/onnx/proto-reader.ts";

/** A message of ONNX cannot be larger. */
const FILE_BYTES_MAX = 2 ** 31 - 1;

/**
 * Holds a graph's weights that lie in other files to the folder of its file, and below it. Throws an `Error` for one that
 * lies elsewhere, be it by its path or by a link, or that is not there.
 */
export async function requireOwnFolder(file: string): Promise<void> {
  if ((await stat(file)).size > FILE_BYTES_MAX) throw new Error("it is larger than a file of ONNX can be");
  const locations = externalLocations(await readFile(file));
  if (locations.size === 0) return;
  const folder = await realpath(dirname(file));
  for (const location of locations) {
    if (location.includes("\0") || isAbsolute(location) || isOutside(relative(folder, join(folder, location))))
      throw outside(location);
    const found = await realpath(join(folder, location)).catch(() => undefined);
    if (found === undefined) throw new Error(`its weights at ${JSON.stringify(location)} are not there`);
    if (isOutside(relative(folder, found))) throw outside(location);
  }
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}

function outside(location: string): Error {
  return new Error(`its weights at ${JSON.stringify(location)} lie outside of its folder`);
}

/** The messages of onnx.proto3 in which a tensor can be, by the numbers of their fields. */
const WITHIN: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "entry" },
};

const DEPTH_MAX = 64;

/** What the graph says of where weights lie. What is no file of ONNX has none: the runtime says so. */
function externalLocations(bytes: Uint8Array): ReadonlySet<string> {
  const found = new Set<string>();
  try {
    collect(new ProtoReader(bytes), { message: "model", depth: 0, found });
  } catch {
    // It ends in the midst of something, or is something else.
  }
  return found;
}

function collect(
  reader: ProtoReader,
  { message, depth, found }: { readonly message: string; readonly depth: number; readonly found: Set<string> },
): void {
  if (depth > DEPTH_MAX) throw new Error("its graphs lie too deep in one another");
  if (message === "entry") {
    const [key, value] = entryOf(reader);
    if (key === "location") found.add(value);
    return;
  }
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    const inner = WITHIN[message]?.[field];
    if (inner === undefined || wire !== 2) reader.skip(wire);
    else collect(reader.message(), { message: inner, depth: depth + 1, found });
  }
}

function entryOf(reader: ProtoReader): readonly [string, string] {
  const entry = ["", ""] as [string, string];
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 1 || field === 2) entry[field - 1] = reader.text();
    else reader.skip(wire);
  }
  return entry;
}
