import { markup, NOTHING, type Markup } from "./markup.ts";

export interface FigurePanel {
  readonly title: string;
  readonly aside?: string;
  readonly drawing: Markup;
}

/** One figure with its title, and beside it the number that it is about. */
export function figurePanel({ title, aside, drawing }: FigurePanel): Markup {
  const told = aside === undefined ? NOTHING : markup`<span>${aside}</span>`;
  return markup`<figure><figcaption><h3>${title}</h3>${told}</figcaption>${drawing}</figure>`;
}

export interface Section {
  readonly title: string;
  readonly lead?: string;
  readonly body: Markup;
}

export function section({ title, lead, body }: Section): Markup {
  const told = lead === undefined ? NOTHING : markup`<p class="lead">${lead}</p>`;
  return markup`<section><h2>${title}</h2>${told}${body}</section>`;
}

export interface Table {
  readonly head: readonly string[];
  /** From which column on there are numbers. */
  readonly numbersFrom: number;
  readonly rows: readonly (readonly (string | Markup)[])[];
}

/** A table whose first cell names its row. */
export function table({ head, numbersFrom, rows }: Table): Markup {
  const kind = (column: number) => (column >= numbersFrom ? "number" : "text");
  return markup`<div class="wide"><table><thead><tr>${head.map((name, column) => markup`<th scope="col" class="${kind(column)}">${name}</th>`)}</tr></thead><tbody>${rows.map(
    ([first = "", ...others]) =>
      markup`<tr><th scope="row">${first}</th>${others.map((cell, column) => markup`<td class="${kind(column + 1)}">${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

/** A bar of a share of a cell's width; a paler one for what is only beside it. */
export function bar(share: number, kind: "s0" | "other" = "s0"): Markup {
  const width = Math.min(1, Math.max(0, share)) * 100;
  return markup`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="8"/><rect class="fill ${kind}" width="${width.toFixed(2)}" height="8"/></svg>`;
}
