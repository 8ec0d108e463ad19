import { webAssembly, type KernelModule, type SharedMemory } from "./web-assembly.ts";
import { assemble, op, type Code, type KernelFunction } from "./assembler.ts";

/** Bins of a feature in a histogram, and the bytes of each: gradient and hessian sums, float64. */
export const BINS = 256;
const BIN_BYTES = 16;
export const FEATURE_BYTES = BINS * BIN_BYTES;
/** As many features as one pass over the rows takes; more would not fit the cache, nor make it faster. */
export const GROUP_FEATURES_MAX = 32;

/** The loops in which training spends its time. All numbers are byte addresses in the shared memory, unless said otherwise. */
export interface Kernels {
  /**
   * Adds gradient and hessian (float32 pairs by row) of the rows in `[order, orderEnd)` (int32, at least one) to the bins
   * that a row-major block of `width` bytes a row names. Each bin's float64 sum runs in the order of the rows.
   */
  sum(width: number, at: SumAddresses): void;
  /**
   * Reads the rows in `[order, orderEnd)` (at least one) and appends those whose bin has 1 in the table to `left`, upwards,
   * the others to `right`, downwards. `column` is the address of the first row's bin, `stride` the bytes to the next row's.
   * `left` may be `order` itself. Returns the end of the left ones.
   */
  partition(at: PartitionAddresses): number;
}

interface SumAddresses {
  readonly order: number;
  readonly orderEnd: number;
  readonly gradients: number;
  readonly block: number;
  readonly histogram: number;
}

interface PartitionAddresses {
  readonly order: number;
  readonly orderEnd: number;
  readonly column: number;
  readonly stride: number;
  readonly table: number;
  readonly left: number;
  readonly right: number;
}

const PAGES_MAX = 65_536;

/** Compiles the kernels for blocks of these widths. The module can be sent to other threads. */
export function compileKernels(widths: readonly number[]): KernelModule {
  const functions = [...new Set(widths)].map(sumFunction);
  return new webAssembly.Module(assemble([...functions, partitionFunction], PAGES_MAX));
}

/** The compiled kernels over a thread's view of the memory. */
export function startKernels(module: KernelModule, memory: SharedMemory): Kernels {
  const { exports } = new webAssembly.Instance(module, { host: { memory } });
  const named = (name: string) => {
    const kernel = exports[name];
    if (typeof kernel !== "function") throw new Error(`there is no kernel ${name}`);
    return kernel as (...addresses: readonly number[]) => number;
  };
  const sums = Array.from({ length: GROUP_FEATURES_MAX + 1 }, (_, width) =>
    exports[`sum_${width}`] === undefined ? undefined : named(`sum_${width}`),
  );
  const partition = named("partition");
  return {
    sum: (width, at) => sums[width]?.(at.order, at.orderEnd, at.gradients, at.block, at.histogram),
    partition: (at) =>
      // Addresses beyond 2 GiB come back as negative numbers.
      partition(at.order, at.orderEnd, at.column, at.stride, at.table, at.left, at.right) >>> 0,
  };
}

const { localGet, localSet, localTee, i32Const } = op;

/** One row a turn, its features written out one after another. */
function sumFunction(width: number): KernelFunction {
  const [order, orderEnd, gradients, block, histogram, row, pair, bin] = [0, 1, 2, 3, 4, 5, 6, 7];
  const addFeature = (feature: number): Code => [
    [localGet(histogram), localGet(row), op.i32Load8(feature), i32Const(4), op.i32ShiftLeft, op.i32Add],
    [localTee(bin), localGet(bin), op.v128Load(feature * FEATURE_BYTES), localGet(pair), op.f64x2Add],
    op.v128Store(feature * FEATURE_BYTES),
  ];
  const body = op.repeatWhile([
    [localGet(gradients), localGet(order), op.i32Load(0), localTee(row), i32Const(3), op.i32ShiftLeft, op.i32Add],
    [op.v128Load64Zero(0), op.f64x2PromoteLow, localSet(pair)],
    [localGet(row), i32Const(width), op.i32Mul, localGet(block), op.i32Add, localSet(row)],
    Array.from({ length: width }, (_, feature) => addFeature(feature)),
    [localGet(order), i32Const(4), op.i32Add, localTee(order), localGet(orderEnd), op.i32LessUnsigned],
  ]);
  const parameters = ["i32", "i32", "i32", "i32", "i32"] as const;
  return { name: `sum_${width}`, parameters, locals: ["i32", "v128", "i32"], body };
}

/** Without a branch: each row is written to both sides, and only one side moves on. */
const partitionFunction: KernelFunction = (() => {
  const [order, orderEnd, column, stride, table, left, right, row, goesLeft] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const body = op.repeatWhile([
    [localGet(order), op.i32Load(0), localSet(row)],
    [localGet(row), localGet(stride), op.i32Mul, localGet(column), op.i32Add, op.i32Load8(0)],
    [localGet(table), op.i32Add, op.i32Load8(0), i32Const(2), op.i32ShiftLeft, localSet(goesLeft)],
    [localGet(left), localGet(row), op.i32Store(0), localGet(right), localGet(row), op.i32Store(0)],
    [localGet(left), localGet(goesLeft), op.i32Add, localSet(left)],
    [localGet(right), i32Const(4), op.i32Sub, localGet(goesLeft), op.i32Add, localSet(right)],
    [localGet(order), i32Const(4), op.i32Add, localTee(order), localGet(orderEnd), op.i32LessUnsigned],
  ]);
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  const whole: Code = [body, localGet(left)];
  return { name: "partition", parameters, locals: ["i32", "i32"], result: "i32", body: whole };
})();
