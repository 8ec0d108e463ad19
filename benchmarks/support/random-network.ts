// Of onnx.proto3 what a network of dense layers needs, written by the numbers of its fields.

const FLOAT = 1;

/** A network of dense layers with pseudo-random weights as ONNX: input `features` [rows, widths[0]], output `prediction` [rows, last]. */
export function randomNetwork({
  seed,
  widths,
}: {
  readonly seed: number;
  readonly widths: readonly number[];
}): Uint8Array {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const tensor = (name: string, dims: readonly number[]) => {
    const weights = Float32Array.from({ length: dims.reduce((all, size) => all * size, 1) }, random);
    const sizes = dims.map((size) => whole(1, size));
    return inner(5, [...sizes, whole(2, FLOAT), text(8, name), bytes(9, new Uint8Array(weights.buffer))]);
  };
  const last = widths.length - 2;
  const layers = widths.slice(1).flatMap((to, at) => {
    const sum = at === last ? "prediction" : `sum${at}`;
    const gemm = node("Gemm", { inputs: [at === 0 ? "features" : `relu${at - 1}`, `w${at}`, `b${at}`], output: sum });
    const relu = node("Relu", { inputs: [sum], output: `relu${at}` });
    return [gemm, ...(at === last ? [] : [relu]), tensor(`w${at}`, [widths[at] ?? 0, to]), tensor(`b${at}`, [to])];
  });
  const ends = [value(11, "features", widths[0] ?? 0), value(12, "prediction", widths.at(-1) ?? 0)];
  const graph = inner(7, [...layers, text(2, "network"), ...ends]);
  return Buffer.concat([whole(1, 8), graph, inner(8, [text(1, ""), whole(2, 15)])]);
}

function node(operator: string, { inputs, output }: { readonly inputs: readonly string[]; readonly output: string }) {
  return inner(1, [...inputs.map((name) => text(1, name)), text(2, output), text(4, operator)]);
}

/** A tensor of [rows, width] that goes in or comes out. */
function value(field: number, name: string, width: number): Buffer {
  const shape = inner(2, [inner(1, [text(2, "rows")]), inner(1, [whole(1, width)])]);
  return inner(field, [text(1, name), inner(2, [inner(1, [whole(1, FLOAT), shape])])]);
}

function inner(field: number, parts: readonly Buffer[]): Buffer {
  return bytes(field, Buffer.concat(parts));
}

function text(field: number, of: string): Buffer {
  return bytes(field, Buffer.from(of));
}

function bytes(field: number, of: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(of.length), of]);
}

function whole(field: number, of: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(of)]);
}

function varint(of: number): Buffer {
  const found: number[] = [];
  let left = of;
  for (; left >= 128; left = Math.floor(left / 128)) found.push((left % 128) + 128);
  return Buffer.from([...found, left]);
}
