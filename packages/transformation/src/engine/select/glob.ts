/** Python's `fnmatch`: `*`, `?`, `[ab]`, `[!ab]`. */
export function matches(text: string, pattern: string): boolean {
  return regexOf(pattern).test(text);
}

const known = new Map<string, RegExp>();
const PATTERNS_MAX = 1_000;

function regexOf(pattern: string): RegExp {
  const found = known.get(pattern);
  if (found !== undefined) return found;
  const source = pattern.replaceAll(/\*+|\?|\[!?[^\]]+\]|[.+^${}()|\\[\]]/g, (part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    return part.length > 2 && part.startsWith("[") ? part.replace("[!", "[^").replaceAll("\\", "\\\\") : `\\${part}`;
  });
  const regex = new RegExp(`^${source}$`, "s");
  if (known.size >= PATTERNS_MAX) known.clear();
  known.set(pattern, regex);
  return regex;
}

/** Python's `Path.glob` on paths with `/`: `**` goes over folders, the others stay in one. */
export function matchesPath(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split("/"), pattern.replace(/^\.\//, "").replace(/\/+$/, "").split("/")];
  const from = (at: number, to: number): boolean => {
    if (to === wanted.length) return at === parts.length;
    const want = wanted[to] ?? "";
    if (want === "**") return from(at, to + 1) || (at < parts.length && from(at + 1, to));
    return at < parts.length && matches(parts[at] ?? "", want) && from(at + 1, to + 1);
  };
  return from(0, 0);
}
