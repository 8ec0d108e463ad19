/** A rectangle in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides a box among weights, in their order, into boxes as square as may be (Bruls, Huizing and van Wijk, "Squarified
 * Treemaps", 2000). Weights fall; each box is as large as its share.
 */
export function squarify(weights: readonly number[], box: Box): readonly Box[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) return weights.map(() => ({ ...box, width: 0, height: 0 }));
  const areas = weights.map((weight) => (weight / total) * box.width * box.height);
  const boxes: Box[] = [];
  let rest = box;
  let from = 0;
  while (from < areas.length) {
    const side = Math.min(rest.width, rest.height);
    let to = from + 1;
    while (to < areas.length && worst(areas.slice(from, to + 1), side) <= worst(areas.slice(from, to), side)) to += 1;
    const row = areas.slice(from, to);
    boxes.push(...lay(row, rest));
    rest = without(rest, row);
    from = to;
  }
  return boxes;
}

/** The longest shape in a row along a side. */
function worst(row: readonly number[], side: number): number {
  const sum = row.reduce((all, area) => all + area, 0);
  return Math.max(
    ...row.map((area) => Math.max((side * side * area) / (sum * sum), (sum * sum) / (side * side * area))),
  );
}

/** A row of boxes along the shorter side. */
function lay(row: readonly number[], { x, y, width, height }: Box): readonly Box[] {
  const sum = row.reduce((all, area) => all + area, 0);
  const isUpright = width >= height;
  const thick = sum / Math.max(isUpright ? height : width, Number.MIN_VALUE);
  let at = 0;
  return row.map((area) => {
    const long = thick === 0 ? 0 : area / thick;
    const box = isUpright ? { x, y: y + at, width: thick, height: long } : { x: x + at, y, width: long, height: thick };
    at += long;
    return box;
  });
}

function without(box: Box, row: readonly number[]): Box {
  const sum = row.reduce((all, area) => all + area, 0);
  if (box.width >= box.height) {
    const thick = sum / Math.max(box.height, Number.MIN_VALUE);
    return { ...box, x: box.x + thick, width: Math.max(0, box.width - thick) };
  }
  const thick = sum / Math.max(box.width, Number.MIN_VALUE);
  return { ...box, y: box.y + thick, height: Math.max(0, box.height - thick) };
}
