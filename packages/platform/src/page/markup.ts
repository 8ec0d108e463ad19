/** HTML or SVG that is whole. What comes from data becomes a part of it only by way of `markup`, which escapes it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | readonly Markup[];

/** Puts markup together: what is written in the template stands as it is, every value is escaped unless it is markup. */
export function markup(template: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const text = template.reduce((before, piece, index) => {
    const value = values[index - 1];
    return before + (value === undefined ? "" : partText(value)) + piece;
  });
  return new Markup(text);
}

export const NOTHING = new Markup("");

function partText(value: Part): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return escaped(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "").replaceAll(/(?![\t\n\r])\p{Cc}/gu, "�");
}
