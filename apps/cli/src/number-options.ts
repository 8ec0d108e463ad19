import { numberOption } from "./format.ts";

/** Those options that were given, as numbers. Throws `platform/usage` for what is none. */
export function numbersIn<Name extends string>(
  options: Readonly<Record<Name, string | boolean | undefined>>,
): Partial<Record<Name, number>> {
  const numbers: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(options) as Name[]) {
    const number = numberOption(name, options[name]);
    if (number !== undefined) numbers[name] = number;
  }
  return numbers;
}
