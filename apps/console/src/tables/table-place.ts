/** Which state of a table is shown. */
export interface TablePlace {
  readonly name: string;
  /** Main when absent. */
  readonly branch?: string | undefined;
  /** A snapshot; the newest when absent. */
  readonly at?: string | undefined;
}

interface Options {
  readonly branch?: string;
  readonly at?: string;
}

/** The same as the API takes it: what is absent is not there. */
export function optionsOf({ branch, at }: Omit<TablePlace, "name">): Options {
  return { ...(branch === undefined ? {} : { branch }), ...(at === undefined ? {} : { at }) };
}
