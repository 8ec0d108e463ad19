/** Words that SQL keeps for itself, and columns that the platform puts beside a person's own. */
const TAKEN = new Set(
  (
    "all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast " +
    "check collate collation column concurrently constraint create cross default deferrable desc describe " +
    "distinct do else end except exists false fetch for foreign freeze from full glob group having ilike in " +
    "initially inner intersect into is isnull join lambda lateral leading left like limit natural not notnull " +
    "null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary " +
    "qualify references returning right select semi show similar some summarize symmetric table tablesample then " +
    "to trailing true union unique unpack unpivot using variadic verbose when where window with " +
    "model model_version prediction probability probabilities features_at row_place split_place label features"
  ).split(" "),
);

/** A column's name in the cleaned table: small letters, digits and underscores, each once. */
export function cleanNames(names: readonly string[]): ReadonlyMap<string, string> {
  const used = new Set<string>();
  const clean = new Map<string, string>();
  for (const name of names) {
    const base = cleanName(name);
    let chosen = base;
    for (let place = 2; used.has(chosen); place += 1) chosen = `${base}_${place}`;
    used.add(chosen);
    clean.set(name, chosen);
  }
  return clean;
}

export function cleanName(name: string): string {
  const words = name
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .replaceAll("ß", "ss")
    .replaceAll("%", " percent ")
    .replaceAll("#", " number ")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60);
  if (words === "") return "column";
  if (/^\d/.test(words)) return `n_${words}`;
  return TAKEN.has(words) ? `${words}_value` : words;
}

/** `sold_at` as an identifier of TypeScript: `soldAt`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

/** Words that TypeScript keeps for itself, and what a written file may import under its own name. */
const KEPT_BY_TYPESCRIPT = new Set(
  (
    "arguments await break case catch class column const constant continue debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch table this throw true try typeof var void while with yield"
  ).split(" "),
);

/** What a file calls a thing of this name, nothing added: `soldAt`, but `theClass`. */
export function identifierOf(name: string): string {
  const camel = camelCase(name);
  return KEPT_BY_TYPESCRIPT.has(camel) ? `the${camel.charAt(0).toUpperCase()}${camel.slice(1)}` : camel;
}
