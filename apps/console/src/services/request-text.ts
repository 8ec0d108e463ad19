/** A request as a shell takes it. */
export function quoted(body: Readonly<Record<string, unknown>>): string {
  return `'${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
}

/** Whether a field of this type takes numbers. */
export function isNumber(type: string): boolean {
  return /^(?:int|long|float|double|decimal)/.test(type);
}
