/** Rows of a CSV text: quoted fields may hold the delimiter, line breaks and doubled quotes. Empty lines are left out. */
export function parseCsv(text: string, delimiter = ","): readonly (readonly string[])[] {
  const rows: string[][] = [];
  const source = text.replace(/^\uFEFF/, "");
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || field !== "") rows.push(row);
    row = [];
    field = "";
  };
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at] ?? "";
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (source[at + 1] === '"') {
        field += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"' && field === "") isQuoted = true;
    else if (character === delimiter) {
      row.push(field);
      field = "";
    } else if (character === "\n") endRow();
    else if (character !== "\r") field += character;
  }
  if (isQuoted) throw new Error("a quoted field is not closed");
  endRow();
  return rows;
}
