/** What came beside a request: HTTP's headers, or gRPC's metadata. Names are in lower case; several values are one text. */
export type RequestHeaders = Readonly<Record<string, string>>;

type GivenHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const HEADERS_MAX = 128;
const CHARACTERS_MAX = 2 ** 15;

/**
 * Headers within bounds: those beyond 128 or 32 KiB of text are left out, as are HTTP/2's own (`:path`) and gRPC's binary
 * ones (`…-bin`).
 */
function boundedHeaders(given: GivenHeaders): RequestHeaders {
  const kept: Record<string, string> = Object.create(null) as Record<string, string>;
  let [count, left] = [0, CHARACTERS_MAX];
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith(":") || name.endsWith("-bin") || value === undefined) continue;
    const text = typeof value === "string" ? value : value.join(", ");
    left -= name.length + text.length;
    count += 1;
    if (count > HEADERS_MAX || left < 0) break;
    kept[name.toLowerCase()] = text;
  }
  return kept;
}

/** The same, made when they are asked for, once. */
export function lazyHeaders(given: () => GivenHeaders): () => RequestHeaders {
  let made: RequestHeaders | undefined;
  return () => (made ??= boundedHeaders(given()));
}
