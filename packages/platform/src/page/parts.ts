import { markup, NOTHING, type Markup } from "./markup.ts";

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
