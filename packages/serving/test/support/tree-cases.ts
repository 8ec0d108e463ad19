import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TensorData } from "../../src/inference/datatype.ts";

/** What can be asked of a model of trees. */
export type Told = "prediction" | "margin" | "leaf" | "contributions";

/** A model that its library made, the rows that it was asked, and what it answered (see make-tree-models.py). */
export interface TreeCase {
  readonly name: string;
  readonly datatype: "FP32" | "FP64";
  readonly bytes: Uint8Array;
  readonly rows: readonly [rows: number, features: number];
  readonly input: Float64Array;
  readonly shapes: Readonly<Partial<Record<Told, readonly number[]>>>;
  /** The library's own answer; undefined where it gives none. */
  told(of: Told): Exclude<TensorData, readonly Uint8Array[]> | undefined;
}

type Recorded = Pick<TreeCase, "name" | "datatype" | "rows" | "shapes"> & {
  readonly file: string;
  readonly input: string;
} & Partial<Record<Told, string>>;

export function treeCases(folder: string): readonly TreeCase[] {
  const { cases } = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as {
    readonly cases: readonly Recorded[];
  };
  return cases.map((recorded) => {
    const { name, datatype, rows, shapes, file, input } = recorded;
    const told = (of: Told) => {
      const text = recorded[of];
      if (text === undefined) return undefined;
      if (of === "leaf") return unpacked(text, Int32Array);
      return datatype === "FP32" ? unpacked(text, Float32Array) : unpacked(text, Float64Array);
    };
    return {
      name,
      datatype,
      rows,
      shapes,
      told,
      input: unpacked(input, Float64Array),
      bytes: readFileSync(join(folder, file)),
    };
  });
}

function unpacked<Numbers>(text: string, type: new (buffer: ArrayBuffer) => Numbers): Numbers {
  return new type(new Uint8Array(Buffer.from(text, "base64")).buffer);
}
