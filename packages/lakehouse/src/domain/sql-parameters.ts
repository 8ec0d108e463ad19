import { lakehouseErrors } from "../errors.ts";
import { tokensOf, type Token } from "./sql-tokens.ts";

/** A value in the place of a parameter; a number without a fraction is a long, a text takes the type of what it stands beside. */
export type ParameterValue = null | boolean | number | bigint | string | TypedParameter;

/** A value of an Iceberg type, as a text in SQL's spelling: `{ type: "date", value: "2001-01-31" }`. */
export interface TypedParameter {
  readonly type: string;
  readonly value: null | boolean | number | string;
}

/** Values for `$1`, `$2` or each `?` in their order, or for `$name` by name. */
export type SqlParameters = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>;

export type NamedParameters = Readonly<Record<string, ParameterValue>>;

/** A statement each of whose parameters has a name, and their values. */
export interface NamedStatement {
  readonly sql: string;
  /** Undefined for a statement without parameters. */
  readonly parameters: NamedParameters | undefined;
}

/** What `$1` is called, so that a part of the statement, too, may stand with some of its parameters. */
const nameAt = (place: number) => `mill_${place}`;

/**
 * Gives every parameter of a statement a name. The values stay beside the text: none becomes a part of it. Throws
 * `lakehouse/wrong-parameters` unless each parameter has a value and each value a parameter.
 */
export function nameParameters(sql: string, given: SqlParameters | undefined): NamedStatement {
  const found = parametersIn(sql);
  const values = valuesOf(given);
  const names = new Set(found.map(({ name }) => name));
  const without = [...names].filter((name) => !values.has(name));
  if (without.length > 0) throw wrong(`no value was given for ${without.map(shown).join(", ")}`);
  const unused = [...values.keys()].filter((name) => !names.has(name));
  if (unused.length > 0) throw wrong(`the statement has no ${unused.map(shown).join(", ")}`);
  if (found.length === 0) return { sql, parameters: undefined };
  let text = sql;
  for (const { name, from, to } of found.toReversed()) text = `${text.slice(0, from)}$${name}${text.slice(to)}`;
  return { sql: text, parameters: Object.fromEntries(values) };
}

interface Place {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function parametersIn(sql: string): readonly Place[] {
  if (!/[?$]/.test(sql)) return [];
  const tokens = tokensOf(sql);
  let asked = 0;
  return tokens.flatMap((token, index) => {
    if (token.kind !== "sign") return [];
    if (token.text === "?") return [{ name: nameAt((asked += 1)), from: token.from, to: token.to }];
    const next = tokens[index + 1];
    if (token.text !== "$" || next?.from !== token.to || !isNameOrNumber(next)) return [];
    const name = next.kind === "number" ? nameAt(Number(next.text)) : next.text.toLowerCase();
    return [{ name, from: token.from, to: next.to }];
  });
}

function isNameOrNumber({ kind }: Token): boolean {
  return kind === "number" || kind === "name";
}

/** By the names that they have in the engine, which knows no case. */
function valuesOf(given: SqlParameters = []): ReadonlyMap<string, ParameterValue> {
  if (isList(given)) return new Map(given.map((value, index) => [nameAt(index + 1), value]));
  return new Map(
    Object.entries(given).map(([name, value]) => [
      /^\d+$/.test(name) ? nameAt(Number(name)) : name.toLowerCase(),
      value,
    ]),
  );
}

function isList(given: SqlParameters): given is readonly ParameterValue[] {
  return Array.isArray(given);
}

function shown(name: string): string {
  return `$${name.replace(/^mill_(?=\d+$)/, "").slice(0, 100)}`;
}

function wrong(because: string): Error {
  return lakehouseErrors.create("lakehouse/wrong-parameters", { because });
}
