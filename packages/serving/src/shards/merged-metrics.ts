/** One family of Prometheus' text format: what is said of it, and its series in their order. */
interface Family {
  readonly head: string[];
  readonly series: Map<string, number>;
}

/**
 * What several processes tell in Prometheus' text format as one server would: each family once, with the series of all of
 * them, and of those that more than one has the sum.
 */
export function mergedMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family | undefined;
    for (const line of text.split("\n")) {
      if (line.startsWith("# HELP ")) family = familyOf(families, line);
      else if (line.startsWith("#")) addHead(family, line);
      else if (line !== "") addSeries(family, line);
    }
  }
  const lines = [...families.values()].flatMap(({ head, series }) => [
    ...head,
    ...[...series].map(([name, value]) => `${name} ${value}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function familyOf(families: Map<string, Family>, help: string): Family {
  const name = help.split(" ", 3)[2] ?? "";
  const known = families.get(name);
  if (known !== undefined) return known;
  const family = { head: [help], series: new Map<string, number>() };
  families.set(name, family);
  return family;
}

function addHead(family: Family | undefined, line: string): void {
  if (family?.head.includes(line) === false) family.head.push(line);
}

function addSeries(family: Family | undefined, line: string): void {
  const end = line.lastIndexOf(" ");
  const name = line.slice(0, end);
  family?.series.set(name, (family.series.get(name) ?? 0) + Number(line.slice(end + 1)));
}
