/** Writes rows' numbers, `width` a row, to where the rows belong. */
export function putRows(values: Float32Array, into: Float32Array, places: Int32Array, width = 1): void {
  if (width > 1) {
    places.forEach((place, row) => into.set(values.subarray(row * width, (row + 1) * width), place * width));
    return;
  }
  for (let row = 0; row < places.length; row += 1) into[places[row] as number] = values[row] as number;
}
