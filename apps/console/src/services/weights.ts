/** A share of a service's requests that a person is choosing. */
export interface Share {
  readonly name: string;
  readonly percent: number;
}

/** What is left to the service's own version by the others' shares. */
export function leftOver(others: readonly Share[]): number {
  return 100 - others.reduce((sum, { percent }) => sum + percent, 0);
}

/** The shares with one of them changed; it gets no more than is left beside the others. */
export function withShare(others: readonly Share[], changed: Share): readonly Share[] {
  const rest = others.filter(({ name }) => name !== changed.name);
  const percent = Math.min(Math.max(0, changed.percent), leftOver(rest));
  return others.map((one) => (one.name === changed.name ? { ...one, percent } : one));
}
