/** Words as a comment's lines, each behind a mark, no longer than a page is wide. */
export function commentLines(text: string, mark: string, width = 118): string {
  const lines: string[] = [];
  let line = mark;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > width && line !== mark) {
      lines.push(line);
      line = mark;
    }
    line = `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** A key of an object literal: quoted only where it must be. */
export function objectKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** One line of an object or list: short ones as they are, long ones an item a line. */
export function listText(
  items: readonly string[],
  { open, close, indent }: { readonly open: string; readonly close: string; readonly indent: string },
): string {
  const flat = `${open} ${items.join(", ")} ${close}`;
  const isList = open === "[";
  const short = isList ? `[${items.join(", ")}]` : flat;
  if (items.length === 0) return `${open}${close}`;
  if (short.length + indent.length < 94) return short;
  return `${open}\n${items.map((item) => `${indent}  ${item},\n`).join("")}${indent}${close}`;
}

/** Words as a sentence. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
