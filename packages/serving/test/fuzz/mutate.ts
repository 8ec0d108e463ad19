/** A seeded sequence of whole numbers below a bound (a linear congruential generator, of which the high bits are taken). */
export type Random = (bound: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

/** What stands where something else is expected. */
const VALUES: readonly unknown[] = [
  [null, true, false, 0, -0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, "", "a", "NaN", "Infinity", "1"],
  ["\0", "\uD800", "x".repeat(2_000), "../..", "__proto__", "constructor", "FP32", "INT64", "BYTES", "TAG", "é"],
  [[], {}, [[]], [null], [1, 2], [[1, 2]], [[1], [2, 3]], nested(40), { data: 1 }, { length: 5 }],
].flatMap((list: readonly unknown[]) => list);

const NAMES = [
  "TAG",
  "TEXT",
  "REAL",
  "name",
  "shape",
  "data",
  "datatype",
  "parameters",
  "id",
  "__proto__",
  "",
  "length",
];

/** A copy with so many places changed: a value put in its place, left out, doubled, or under another name. */
export function mutated(
  value: unknown,
  { random, times }: { readonly random: Random; readonly times: number },
): unknown {
  const root = { it: structuredClone(value) };
  for (let time = 0; time < times; time += 1) mutateOnce(root, random);
  return root.it;
}

type Holder = Record<string, unknown> | unknown[];

function mutateOnce(root: { it: unknown }, random: Random): void {
  const places = placesIn(root as Holder);
  const [holder, key] = places[random(places.length)] ?? [root as Holder, "it"];
  const held = holder as Record<string, unknown>;
  const way = random(5);
  if (way === 0 && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (way === 0 && key !== "it") Reflect.deleteProperty(held, key);
  else if (way === 1 && Array.isArray(holder)) holder.push(structuredClone(held[key]));
  else if (way === 1 && key !== "it") held[NAMES[random(NAMES.length)] ?? "x"] = structuredClone(held[key]);
  else if (way === 2) held[key] = typeof held[key] === "number" ? held[key] + random(5) - 2 : [held[key]];
  else held[key] = structuredClone(VALUES[random(VALUES.length)]);
}

const PLACES_MAX = 500;

function placesIn(root: Holder): readonly (readonly [Holder, string])[] {
  const places: (readonly [Holder, string])[] = [];
  const visit = (holder: Holder): void => {
    for (const [key, inner] of Object.entries(holder)) {
      if (places.length >= PLACES_MAX) return;
      places.push([holder, key]);
      if (typeof inner === "object" && inner !== null && !ArrayBuffer.isView(inner)) visit(inner as Holder);
    }
  };
  visit(root);
  return places;
}

const SCRAPS = [
  '"',
  "[",
  "]",
  "{",
  "}",
  "null",
  "-1",
  "1e999",
  "9".repeat(30),
  ",",
  ":",
  "\0",
  "true",
  '"__proto__"',
  "NaN",
];

/** Text with parts put in and left out. */
export function tornText(text: string, random: Random): string {
  let torn = text;
  for (let cuts = random(4); cuts >= 0; cuts -= 1) {
    const at = random(torn.length + 1);
    torn = torn.slice(0, at) + SCRAPS[random(SCRAPS.length)] + torn.slice(at + random(6));
  }
  return torn;
}

/** Bytes with some turned, left out, doubled, or cut off. */
export function tornBytes(bytes: Buffer, random: Random): Buffer {
  let torn = Buffer.from(bytes);
  for (let turns = random(4); turns >= 0; turns -= 1) {
    const at = random(torn.length + 1);
    const way = random(4);
    if (way === 0 && at < torn.length) torn[at] = random(256);
    else if (way === 1) torn = Buffer.concat([torn.subarray(0, at), torn.subarray(at + 1 + random(8))]);
    else if (way === 2) torn = Buffer.concat([torn.subarray(0, at), torn.subarray(Math.max(0, at - random(12)))]);
    else torn = torn.subarray(0, at);
  }
  return torn;
}
