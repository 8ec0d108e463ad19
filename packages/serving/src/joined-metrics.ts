const HEAD = /^# (?:HELP|TYPE) (\S+)/;

/** Pages of Prometheus' text format as one: a family has one head, with the lines of all; a series is the first page's. */
export function joinedMetrics(pages: readonly string[]): string {
  const families = new Map<string, { readonly head: string[]; readonly lines: string[] }>();
  const series = new Set<string>();
  for (const page of pages) {
    const before = new Set(families.keys());
    let family = { head: [] as string[], lines: [] as string[] };
    for (const line of page.split("\n")) {
      const named = HEAD.exec(line)?.[1];
      if (named === undefined) {
        const of = line.slice(0, line.lastIndexOf(" "));
        if (line !== "" && !series.has(of)) family.lines.push(line);
        series.add(of);
        continue;
      }
      family = families.get(named) ?? { head: [], lines: [] };
      families.set(named, family);
      if (!before.has(named)) family.head.push(line);
    }
  }
  const told = [...families.values()].filter(({ lines }) => lines.length > 0);
  return `${told.flatMap(({ head, lines }) => [...head, ...lines]).join("\n")}\n`;
}
