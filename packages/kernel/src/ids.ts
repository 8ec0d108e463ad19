import { randomUUIDv7 } from "node:crypto";

/** Makes ids. UUIDv7 (RFC 9562): they sort by the millisecond of their making. */
export type IdSource = () => string;

export const systemIds: IdSource = () => randomUUIDv7();
