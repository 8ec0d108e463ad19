/**
 * One column of a table, as the whole house speaks of it. `type` is an Iceberg primitive type:
 * boolean, int, long, float, double, decimal(P,S), date, time, timestamp, timestamptz, string, uuid, binary,
 * or a nested type in Iceberg's text form (struct<…>, list<…>, map<…>).
 */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** False: the column holds no null. Unknown counts as true. */
  readonly nullable?: boolean;
  readonly doc?: string;
}
