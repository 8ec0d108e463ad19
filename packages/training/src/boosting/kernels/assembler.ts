// The little of WebAssembly's binary format that the kernels need (webassembly.github.io/spec/core/binary). Instructions
// are lists of bytes; a function is its parameters, its further locals and its instructions.

export type Code = readonly (number | Code)[];

const TYPE = { i32: 0x7f, v128: 0x7b } as const;
type ValueType = keyof typeof TYPE;

export interface KernelFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly result?: ValueType;
  readonly body: Code;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [1, 0, 0, 0];
const EMPTY_BLOCK = 0x40;

/** The instructions in use, by their names in the specification. `align` is the exponent of 2. */
export const op = {
  localGet: (local: number): Code => [0x20, unsigned(local)],
  localSet: (local: number): Code => [0x21, unsigned(local)],
  localTee: (local: number): Code => [0x22, unsigned(local)],
  i32Const: (value: number): Code => [0x41, signed(value)],
  i32Load: (offset: number): Code => [0x28, 2, unsigned(offset)],
  i32Load8: (offset: number): Code => [0x2d, 0, unsigned(offset)],
  i32Store: (offset: number): Code => [0x36, 2, unsigned(offset)],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32Mul: [0x6c],
  i32ShiftLeft: [0x74],
  i32LessUnsigned: [0x49],
  v128Load: (offset: number): Code => [0xfd, unsigned(0x00), 4, unsigned(offset)],
  v128Store: (offset: number): Code => [0xfd, unsigned(0x0b), 4, unsigned(offset)],
  v128Load64Zero: (offset: number): Code => [0xfd, unsigned(0x5d), 3, unsigned(offset)],
  f64x2PromoteLow: [0xfd, ...unsigned(0x5f)],
  f64x2Add: [0xfd, ...unsigned(0xf0)],
  /** Runs the body again as long as it leaves a number other than 0 on the stack. */
  repeatWhile: (body: Code): Code => [0x03, EMPTY_BLOCK, body, 0x0d, 0, 0x0b],
} as const;

/** A module of functions over one imported shared memory, `host.memory`. */
export function assemble(functions: readonly KernelFunction[], pagesMax: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(parameters.map((type) => [TYPE[type]])),
    ...vector(result === undefined ? [] : [[TYPE[result]]]),
  ]);
  const sharedWithMaximum = 3;
  const memory = [...text("host"), ...text("memory"), 2, sharedWithMaximum, ...unsigned(1), ...unsigned(pagesMax)];
  const exported = functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]);
  return Uint8Array.from([
    ...MAGIC,
    ...VERSION,
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_function, index) => unsigned(index)))),
    ...section(7, vector(exported)),
    ...section(10, vector(functions.map(functionBytes))),
  ]);
}

function functionBytes({ locals, body }: KernelFunction): readonly number[] {
  const end = 0x0b;
  const bytes = [...vector(locals.map((type) => [1, TYPE[type]])), ...flat(body), end];
  return [...unsigned(bytes.length), ...bytes];
}

function flat(code: Code): readonly number[] {
  return code.flatMap((part) => (typeof part === "number" ? [part] : flat(part)));
}

function section(id: number, bytes: readonly number[]): readonly number[] {
  return [id, ...unsigned(bytes.length), ...bytes];
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): readonly number[] {
  return [...unsigned(value.length), ...Buffer.from(value)];
}

/** LEB128 of a number from 0 to 2^32 - 1. */
function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of an int32. */
function signed(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
