/** The headers by which a browser says for whom a request is, and from whose page. */
export interface RequestOrigin {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Whether a request is for this machine by its own names, and from none but its own pages: a page of another site, or a
 * foreign name that was bound anew to loopback, is not. */
export function isFromLoopback({ host, origin }: RequestOrigin): boolean {
  if (host === undefined || !LOOPBACK.test(host)) return false;
  return origin === undefined || LOOPBACK.test(origin.replace(/^https?:\/\//, ""));
}
