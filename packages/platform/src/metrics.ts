/** Numbers of a process in Prometheus' text format (exposition format 0.0.4). */
export interface Metrics {
  /** A number that only grows; call what is returned to add to it. */
  counter(name: string, help: string): (labels?: MetricLabels, by?: number) => void;
  /** Numbers read at the moment of asking. */
  gauges(name: string, help: string, read: () => readonly Sample[]): void;
  text(): string;
}

type MetricLabels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: MetricLabels;
  readonly value: number;
}

interface Family {
  readonly help: string;
  readonly type: "counter" | "gauge";
  samples(): readonly (readonly [labels: string, value: number])[];
}

const SERIES_MAX = 10_000;

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  return {
    counter: (name, help) => {
      const values = new Map<string, number>();
      families.set(name, { help, type: "counter", samples: () => [...values] });
      return (labels = {}, by = 1) => {
        const key = labelText(labels);
        if (values.has(key) || values.size < SERIES_MAX) values.set(key, (values.get(key) ?? 0) + by);
      };
    },
    gauges: (name, help, read) => {
      const samples = () => read().map(({ labels, value }) => [labelText(labels), value] as const);
      families.set(name, { help, type: "gauge", samples });
    },
    text: () => [...families].map(([name, family]) => familyText(name, family)).join(""),
  };
}

function familyText(name: string, family: Family): string {
  const { help, type } = family;
  const lines = family.samples().map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: MetricLabels): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
