import { arrayOf, type TensorData } from "../inference/datatype.ts";
import { badRequest, type Tensor } from "../inference/tensor.ts";

/** What is explained by itself: a number of a row, a text, or of a tensor of more dimensions all that is a row's. */
interface Feature {
  /** The place of its tensor. */
  readonly input: number;
  /** Of the row's elements the first, and how many. */
  readonly at: number;
  readonly size: number;
}

/** The features of a model's inputs, whose first dimension is rows. */
export function featuresOf(inputs: readonly Tensor[]): readonly Feature[] {
  return inputs.flatMap((tensor, input) => {
    const size = rowSize(tensor);
    const isTable = tensor.shape.length === 2;
    if (!isTable) return [{ input, at: 0, size }];
    return Array.from({ length: size }, (_, at) => ({ input, at, size: 1 }));
  });
}

/** Elements of a row. */
export function rowSize({ shape }: Tensor): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Throws `inference/bad-request` where rows of one cannot stand beside rows of the other. */
export function requireAlike(inputs: readonly Tensor[], background: readonly Tensor[]): void {
  const odd = inputs.find(({ name, shape }, at) => {
    const other = background[at];
    return other?.name !== name || other.shape.slice(1).join() !== shape.slice(1).join();
  });
  if (odd !== undefined || inputs.length !== background.length)
    throw badRequest(`the background's ${odd?.name ?? "inputs"} are not of the same shape as the explained rows'`);
}

export interface MaskedRows {
  readonly inputs: readonly Tensor[];
  readonly background: readonly Tensor[];
  /** Of `inputs`. */
  readonly row: number;
  readonly features: readonly Feature[];
}

/** Rows to ask, `from` to `to` of: for each mask in its turn every row of the background, with the marked features the explained row's. */
export function maskedRows(
  { inputs, background, row, features }: MaskedRows,
  { masks, from, to }: { readonly masks: readonly Uint8Array[]; readonly from: number; readonly to: number },
): readonly Tensor[] {
  const count = background[0]?.shape[0] ?? 0;
  return inputs.map((tensor, input) => {
    const size = rowSize(tensor);
    const own = features.map((feature, at) => ({ ...feature, mark: at })).filter((feature) => feature.input === input);
    const other = background[input]?.data as TensorData;
    const data = emptyLike(tensor, (to - from) * size);
    for (let place = from; place < to; place += 1) {
      const mask = masks[Math.floor(place / count)];
      const into = (place - from) * size;
      copy({ from: other, at: (place % count) * size, size, to: data, into });
      for (const { at, size: width, mark } of own)
        if (mask?.[mark] === 1)
          copy({ from: tensor.data, at: row * size + at, size: width, to: data, into: into + at });
    }
    return { ...tensor, shape: [to - from, ...tensor.shape.slice(1)], data };
  });
}

function emptyLike({ datatype }: Tensor, length: number): TensorData {
  return datatype === "BYTES" ? Array.from({ length }, () => new Uint8Array()) : new (arrayOf(datatype))(length);
}

function copy(told: {
  readonly from: TensorData;
  readonly at: number;
  readonly size: number;
  readonly to: TensorData;
  readonly into: number;
}): void {
  const [from, to] = [told.from as Float64Array, told.to as Float64Array];
  for (let step = 0; step < told.size; step += 1) to[told.into + step] = from[told.at + step] as number;
}
