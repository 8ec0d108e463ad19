/** Characters of a text in a request. */
export const TEXT_LENGTH_MAX = 1_000;
/** Characters of a name that a caller gives to its request. */
export const ID_LENGTH_MAX = 200;
/** Rows of a request to a service. */
export const ROWS_MAX = 10_000;

/** Whether a text has more characters than that, each counted once, as JSON Schema does: not in units of UTF-16. */
export function isLonger(text: string, charactersMax: number): boolean {
  if (text.length <= charactersMax) return false;
  return text.length > 2 * charactersMax || Array.from(text).length > charactersMax;
}
