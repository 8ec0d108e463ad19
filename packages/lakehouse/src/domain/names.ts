import { lakehouseErrors } from "../errors.ts";

/** Whether it may name one of the project's own tables. */
export function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name);
}

/** Refuses what is not a plain name: it becomes part of paths and of SQL. */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw lakehouseErrors.create("lakehouse/invalid-name", { because: JSON.stringify(name.slice(0, 140)) });
}

/** Refuses what is not a plain name for a branch: it becomes part of paths. */
export function checkBranchName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name)) return name;
  throw lakehouseErrors.create("lakehouse/invalid-name", {
    because: `${JSON.stringify(name.slice(0, 80))} for a branch`,
    remedy: "Use up to 64 letters, digits, underscores and dashes, beginning with a letter or an underscore.",
  });
}

/** A name as a SQL identifier: always quoted, so that no name is a keyword or a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a SQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
