import type { FieldSummary } from "../iceberg/manifest-list.ts";
import type { PartitionField } from "../iceberg/metadata.ts";
import { bucketOf } from "./bucket.ts";
import { ANYTHING, NULLS, type Range } from "./ranges.ts";
import { afterPrefix, decodeValue, storedValue, type PlanValue } from "./values.ts";

const MICROS_PER_HOUR = 3_600_000_000n;
const MICROS_PER_DAY = 86_400_000_000n;

interface Interval {
  readonly lower?: PlanValue;
  readonly upper?: PlanValue;
}

/** What lies in a partition of this value, of a source of this type (specification, "Partition Transforms"). */
export function rangeOfPartition(field: Pick<PartitionField, "transform">, type: string, value: unknown): Range {
  const { transform } = field;
  if (transform === "void" || value === undefined) return ANYTHING;
  if (value === null) return NULLS;
  if (typeof value === "number" && Number.isNaN(value))
    return { mayBeNull: false, mayBeNaN: true, mayHaveValue: false };
  const known = { mayBeNull: false, mayBeNaN: false, mayHaveValue: true };
  const bucket = /^bucket\[(\d+)\]$/.exec(transform);
  if (bucket !== null)
    return { ...known, admits: (one) => (bucketOf(type, one, Number(bucket[1])) ?? value) === value };
  const stored = storedValue(transform === "identity" || transform.startsWith("truncate") ? type : "int", value);
  return stored === undefined ? { ...known, mayBeNaN: true } : { ...known, ...sourceInterval(transform, type, stored) };
}

/** What lies in the partitions that a manifest sums up. */
export function rangeOfSummary(field: Pick<PartitionField, "transform">, type: string, told: FieldSummary): Range {
  const { transform } = field;
  if (transform === "void") return ANYTHING;
  const stored = /^(?:identity$|truncate)/.test(transform) ? type : "int";
  const decoded = (bound: Buffer | null | undefined) =>
    bound === null || bound === undefined ? undefined : decodeValue(stored, bound);
  const [least, most] = [decoded(told.lower_bound), decoded(told.upper_bound)];
  const mayBe = { mayBeNull: told.contains_null, mayBeNaN: told.contains_nan !== false, mayHaveValue: true };
  const bucket = /^bucket\[(\d+)\]$/.exec(transform);
  if (bucket !== null)
    return {
      ...mayBe,
      mayBeNaN: false,
      admits: (one) => {
        const own = bucketOf(type, one, Number(bucket[1]));
        return own === undefined || (own >= Number(least ?? own) && own <= Number(most ?? own));
      },
    };
  const top = most === undefined ? {} : sourceInterval(transform, type, most);
  const { upper } = top;
  // Where nothing is known of the greatest partition, it may hold the least values: what is cut may overflow.
  const lower =
    least === undefined || top.lower === undefined ? undefined : sourceInterval(transform, type, least).lower;
  return { ...mayBe, ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}

/** All the values of the source that a transform turns into this one. Nothing where the transform is not known. */
function sourceInterval(transform: string, type: string, value: PlanValue): Interval {
  if (transform === "identity") return { lower: value, upper: value };
  const width = /^truncate\[(\d+)\]$/.exec(transform)?.[1];
  if (width !== undefined) return truncated(Number(width), type, value);
  if (value instanceof Uint8Array || type.endsWith("_ns")) return {};
  const moment = startOf(transform, type);
  if (moment === undefined) return {};
  const at = Number(value);
  if (Math.abs(at) > (COUNT_MAX[transform] ?? 0)) return {};
  // Older writers of the format rounded what is before 1970 towards it: theirs may be one too high.
  const [lower, next] = [moment(at <= 0 ? at - 1 : at), moment(at + 1)];
  return { lower, upper: typeof next === "bigint" ? next - 1n : next - 1 };
}

/** Where the n-th year, month, day or hour since 1970 begins, in days for a date, else in microseconds. */
function startOf(transform: string, type: string): ((count: number) => number | bigint) | undefined {
  const daysAt = DAYS[transform];
  if (type === "date") return daysAt;
  if (!/^timestamp(?:tz)?$/.test(type)) return undefined;
  if (transform === "hour") return (count) => BigInt(count) * MICROS_PER_HOUR;
  return daysAt === undefined ? undefined : (count) => BigInt(daysAt(count)) * MICROS_PER_DAY;
}

/** Beyond these a calendar's dates end, far from any that a table holds. */
const COUNT_MAX: Readonly<Record<string, number>> = {
  year: 200_000,
  month: 2_400_000,
  day: 80_000_000,
  hour: 1_900_000_000,
};

const DAYS: Readonly<Record<string, (count: number) => number>> = {
  year: (count) => Date.UTC(1970, count * 12, 1) / 86_400_000,
  month: (count) => Date.UTC(1970, count, 1) / 86_400_000,
  day: (count) => count,
};

const GREATEST = [2n ** 31n - 1n, 2n ** 63n - 1n];

function truncated(width: number, type: string, value: PlanValue): Interval {
  if (!(value instanceof Uint8Array)) {
    const upper = BigInt(value) + BigInt(width) - 1n;
    // The least integers are cut to what is beyond them, and come out among the greatest. A long may have been an int.
    const isOver = GREATEST.some((greatest) => value <= greatest && upper > greatest);
    return isOver && !type.startsWith("decimal") ? {} : { lower: value, upper };
  }
  // What is shorter than the width was not cut, by whatever its writer counted.
  const isWhole = type === "string" ? Buffer.from(value).toString().length < width : value.length < width;
  if (isWhole) return { lower: value, upper: value };
  const after = afterPrefix(value);
  return after === undefined ? { lower: value } : { lower: value, upper: after };
}
