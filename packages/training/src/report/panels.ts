import { markup, NOTHING, type Markup } from "@millwright/platform";

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

/** A bar of a share of a cell's width; a paler one for what is only beside it. */
export function bar(share: number, kind: "s0" | "other" = "s0"): Markup {
  const width = Math.min(1, Math.max(0, share)) * 100;
  return markup`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="8"/><rect class="fill ${kind}" width="${width.toFixed(2)}" height="8"/></svg>`;
}
