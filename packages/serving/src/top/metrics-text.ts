/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads Prometheus' text format 0.0.4; lines that are none are passed over. */
export function readMetricsText(text: string): readonly Sample[] {
  return text.split("\n").flatMap((line): readonly Sample[] => {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const found = [...labels.matchAll(LABEL)].map(([, key = "", told = ""]) => [key, plain(told)] as const);
    return [{ name, labels: Object.fromEntries(found), value: Number(value) }];
  });
}

function plain(told: string): string {
  return told.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
