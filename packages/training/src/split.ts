import { quoteName, quoteText } from "@millwright/lakehouse";
import type { ShareSplit, TrainingDefinition } from "./define-training.ts";
import { isByShare } from "./require-split.ts";

/** The training table's column that says where between 0 and 1 a row falls, where the split is by shares. */
export const SPLIT_PLACE = "split_place";

export interface SplitConditions {
  readonly train: string;
  readonly validation: string;
  readonly test: string;
}

/** Conditions on the training table for each part of the split. Times are UTC. */
export function splitConditions({ timestamp, split }: TrainingDefinition): SplitConditions {
  if (isByShare(split)) return shareConditions(split);
  const at = quoteName(timestamp ?? "");
  const [validation, test] = [split.validationFrom, split.testFrom].map(
    (time) => `CAST(${quoteText(time)} AS TIMESTAMP)`,
  );
  return {
    train: `${at} < ${validation}`,
    validation: `${at} >= ${validation} AND ${at} < ${test}`,
    test: `${at} >= ${test}`,
  };
}

function shareConditions({ validation, test }: ShareSplit): SplitConditions {
  const [first, second] = [(1 - validation - test).toFixed(6), (1 - test).toFixed(6)];
  return {
    train: `${SPLIT_PLACE} <= ${first}`,
    validation: `${SPLIT_PLACE} > ${first} AND ${SPLIT_PLACE} <= ${second}`,
    test: `${SPLIT_PLACE} > ${second}`,
  };
}

const PLACES = 1_000_000;

/**
 * A SELECT with each row's place for a split by shares; the SELECT itself for one by time. The hash is MD5 of the values'
 * text, so that a row falls where it fell under another version of the SQL engine. `columns` are the population's.
 */
export function withPlaces(
  select: string,
  { definition, columns }: { readonly definition: TrainingDefinition; readonly columns: readonly string[] },
): string {
  const { split, label } = definition;
  if (!isByShare(split)) return select;
  const hashed = split.by === "hash" ? columns : split.by;
  const texts = hashed.map((name) => `coalesce(${quoteName(name)}::varchar, '\u0001')`);
  const hash = `md5_number_lower(concat_ws('\u0002', ${texts.join(", ")}))`;
  if (split.stratify !== true)
    return `SELECT *, ((${hash} % ${PLACES} + 1) / ${PLACES})::double AS ${SPLIT_PLACE} FROM (${select})`;
  return (
    `SELECT * EXCLUDE (hash_), cume_dist() OVER (PARTITION BY ${quoteName(label)} ORDER BY hash_) AS ${SPLIT_PLACE} ` +
    `FROM (SELECT *, ${hash} AS hash_ FROM (${select}))`
  );
}
