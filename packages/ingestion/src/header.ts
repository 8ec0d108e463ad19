/** The fields of a CSV file's first line by a delimiter, without quotes and the blanks around them. */
export function headerFields(line: string, delimiter: string): readonly string[] {
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === delimiter && !isQuoted) {
      fields.push(field);
      field = "";
    } else field += character;
  }
  return [...fields, field].map((text) =>
    text
      .trim()
      .replace(/^"(.*)"$/s, "$1")
      .replaceAll('""', '"'),
  );
}
