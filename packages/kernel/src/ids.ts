import { randomUUIDv7 } from "node:crypto";

/** Makes ids. UUIDv7 (RFC 9562): they sort by the millisecond of their making, and those of one process by their order. */
export type IdSource = () => string;

let last = "";

export const systemIds: IdSource = () => {
  const id = randomUUIDv7();
  last = id > last ? id : follower(last);
  return last;
};

/** The next after an id of the same millisecond, or of a clock that was set back (RFC 9562, 6.2, method 2). */
function follower(id: string): string {
  const tail = (BigInt(`0x${id.slice(19).replace("-", "")}`) + 1n).toString(16);
  return `${id.slice(0, 19)}${tail.slice(0, 4)}-${tail.slice(4)}`;
}
