/** A table's name as SQL takes it: plain where it may be, else in quotes; what is before its last dot is its namespace. */
export function nameInSql(name: string): string {
  const dot = name.lastIndexOf(".");
  return [...(dot === -1 ? [] : [name.slice(0, dot)]), name.slice(dot + 1)].map(quoted).join(".");
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
