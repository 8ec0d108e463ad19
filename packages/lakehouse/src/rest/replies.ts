import { isMillError, toProblem, type MillError } from "@millwright/kernel";
import type { ProtocolReply } from "@millwright/platform";
import { printExactJson } from "../domain/iceberg/exact-json.ts";

/** The protocol's own name of each error, by which its clients choose theirs. */
const TYPES: Readonly<Record<string, string>> = {
  "iceberg/bad-request": "IllegalArgumentException",
  "iceberg/invalid-change": "ValidationException",
  "iceberg/foreign-location": "ForbiddenLocationException",
  "iceberg/not-authorized": "NotAuthorizedException",
  "iceberg/no-such-warehouse": "NoSuchWarehouseException",
  "iceberg/no-such-namespace": "NoSuchNamespaceException",
  "iceberg/no-such-table": "NoSuchTableException",
  "iceberg/no-such-view": "NoSuchViewException",
  "iceberg/not-found": "NotFoundException",
  "iceberg/unsupported": "UnsupportedOperationException",
  "iceberg/already-exists": "AlreadyExistsException",
  "iceberg/namespace-not-empty": "NamespaceNotEmptyException",
  "iceberg/commit-failed": "CommitFailedException",
  "iceberg/unprocessable": "UnprocessableEntityException",
  "iceberg/commit-state-unknown": "CommitStateUnknownException",
};

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): ProtocolReply {
  return { status: 200, headers, body: printExactJson(value) };
}

export const NO_CONTENT: ProtocolReply = { status: 204 };

/** An error as the protocol tells it; a defect without what is inside it. */
export function errorReply(error: MillError | Error): ProtocolReply {
  const { code, status, title, detail } = toProblem(error);
  const isOwn = Object.hasOwn(TYPES, code);
  const type = isOwn ? TYPES[code] : status >= 500 ? "ServiceFailureException" : "BadRequestException";
  const message = isOwn ? detail : `${title}: ${detail}`;
  return { status, body: printExactJson({ error: { message, type, code: status } }) };
}

/** What the server itself refuses of a request (its size, its host) comes with a status of its own. */
export function asError(error: unknown): MillError | Error {
  return isMillError(error) || error instanceof Error ? error : new Error(String(error));
}
