import type { PostJson } from "../alerts/deliver-alerts.ts";

/** Posts by `fetch`. The answer's body is not read. */
export const fetchPost: PostJson = async ({ url, body, authorization, timeoutMs }) => {
  const response = await fetch(url, {
    method: "POST",
    body,
    redirect: "manual",
    headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  return response.status;
};
