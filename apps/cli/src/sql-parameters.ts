import type { ControlApi } from "@millwright/client";
import { platformErrors } from "@millwright/platform";

export type SqlParameters = NonNullable<Parameters<ControlApi["query"]>[0]["body"]["parameters"]>;
type Value = Extract<SqlParameters, readonly unknown[]>[number];

// `ORD`, `1=ORD`, `origin=ORD`, `since:date=2001-01-01`
const NAMED = /^(?<name>[A-Za-z_]\w*|\d+)(?::(?<type>[a-z]+(?:\(\d+,\s*\d+\))?))?=(?<value>[\s\S]*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The values of `--param`: by place, or all by name. What is written as a number, `true`, `false` or `null` is that; with
 * a type it is what the type makes of the text. Throws `platform/usage`.
 */
export function parametersFrom(given: readonly string[]): SqlParameters | undefined {
  if (given.length === 0) return undefined;
  const found = given.map((text) => ({ text, groups: NAMED.exec(text)?.groups }));
  const named = found.filter(({ groups }) => groups !== undefined);
  if (named.length === 0) return given.map(plainValue);
  if (named.length < found.length)
    throw platformErrors.create("platform/usage", {
      because: "some values of --param have a name and some have none",
      remedy: "Give all by place, or all by name: --param origin=ORD --param since:date=2001-01-01, --param 1=a=b.",
    });
  return Object.fromEntries(
    named.map(({ groups = {} }) => [groups["name"] ?? "", valueOf(groups["value"] ?? "", groups["type"])]),
  );
}

function valueOf(text: string, type: string | undefined): Value {
  return type === undefined ? plainValue(text) : { type, value: text };
}

function plainValue(text: string): Value {
  if (text === "null") return null;
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  // A number that a double does not hold stays a text, which takes the type of what it stands beside.
  return NUMBER.test(text) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number)) ? number : text;
}
