import { setTimeout } from "node:timers/promises";

const TRIES_MAX = 50;
const WAIT_MS_MIN = 2;
const WAIT_MS_MAX = 500;

/**
 * Tries until something comes of it: undefined asks for another try, `refused` ends them. Between two tries it waits, twice
 * as long each time up to half a second, and by chance, so that writers who met once do not meet again. Undefined when
 * nothing came of any.
 */
export async function withRetries<Result extends object>(
  attempt: (number: number) => Promise<Result | undefined | "refused">,
  random: () => number = Math.random,
): Promise<Result | undefined> {
  for (let number = 0; number < TRIES_MAX; number += 1) {
    const result = await attempt(number);
    if (result === "refused") return undefined;
    if (result !== undefined) return result;
    await setTimeout(random() * Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** number));
  }
  return undefined;
}
