import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { field } from "./wire.ts";

const INT64 = 7;

/** An ONNX model (onnx.proto3) that answers `y` with the whole numbers that it was given as `x`, of any number. */
function identityModel(): Buffer {
  const dimension = field(1, field(2, "n"));
  const type = field(1, Buffer.concat([field(1, INT64), field(2, dimension)]));
  const valueInfo = (name: string) => Buffer.concat([field(1, name), field(2, type)]);
  const node = Buffer.concat([field(1, "x"), field(2, "y"), field(4, "Identity")]);
  const graph = Buffer.concat([
    field(1, node),
    field(2, "identity"),
    field(11, valueInfo("x")),
    field(12, valueInfo("y")),
  ]);
  return Buffer.concat([field(1, 8), field(7, graph), field(8, field(2, 13))]);
}

/** Puts a version of the model `identity`, or of another name, into a folder of models, whole. */
export function addIdentity(folder: string, version: number, name = "identity"): void {
  const place = join(folder, name, String(version));
  mkdirSync(`${place}.new`, { recursive: true });
  writeFileSync(join(`${place}.new`, "model.onnx"), identityModel());
  renameSync(`${place}.new`, place);
}
