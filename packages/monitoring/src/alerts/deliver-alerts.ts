import type { Logger, SecretReference } from "@millwright/kernel";
import type { AlertRoute, WebhookRoute } from "../define-monitor.ts";
import type { AlertRecord, AlertStore } from "./alert-store.ts";

export interface DeliveryPorts {
  readonly alerts: AlertStore;
  readonly logger: Logger;
  /** The values of the variables that a route names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly post: PostJson;
  /** Waits between two attempts. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Posts JSON once, without following a redirect; the answer's status. Throws where there is no answer in time. */
export type PostJson = (request: {
  readonly url: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
}) => Promise<number>;

/**
 * Tells each route of the alerts that began or were resolved and of which it does not know yet; what it could not be told
 * is told at the next run. Returns why, in words that hold no secret; never throws for a route that does not answer.
 */
export async function deliverAlerts(
  ports: DeliveryPorts,
  { monitor, routes }: { readonly monitor: string; readonly routes: readonly AlertRoute[] },
): Promise<readonly string[]> {
  const named = routes.map((route, index) => ({ route, name: `${index} ${route.kind}` }));
  const waiting = await ports.alerts.untold(
    monitor,
    named.map(({ name }) => name),
  );
  const problems: string[] = [];
  const told = new Map(waiting.map(({ id, told: before }) => [id, new Set(before)]));
  for (const { route, name } of named) {
    const news = waiting.filter((alert) => !alert.told.includes(name));
    if (news.length === 0) continue;
    const problem = route.kind === "log" ? tellLog(ports.logger, news) : await tellWebhook(ports, route, news);
    if (problem === undefined) for (const { id } of news) told.get(id)?.add(name);
    else problems.push(problem);
  }
  for (const [id, routesTold] of told) await ports.alerts.tell(id, [...routesTold]);
  return problems;
}

function tellLog(logger: Logger, news: readonly AlertRecord[]): undefined {
  for (const alert of news) {
    const { told: _told, ...fields } = alert;
    if (alert.resolvedMs === null) logger.warn(fields, `alert: ${inWords(alert)}`);
    else logger.info(fields, `resolved: ${inWords(alert)}`);
  }
}

/** What an alert says, in a line. */
function inWords({ feature, rule, rows, worst, days }: AlertRecord): string {
  const of = feature === null ? `the answers of ${rows} rows` : `${feature} of ${rows} rows`;
  return `${of}: ${rule} (${worst.toFixed(4)} at worst, on ${days} ${days === 1 ? "day" : "days"})`;
}

const PAUSE_MS = 500;

async function tellWebhook(
  { environment, post, pause }: DeliveryPorts,
  route: WebhookRoute,
  news: readonly AlertRecord[],
): Promise<string | undefined> {
  const url = valueOf(route.url, environment);
  const authorization = route.authorization === undefined ? undefined : valueOf(route.authorization, environment);
  const untold = `the webhook ${titleOf(route.url)} was not told`;
  if (url === undefined || (route.authorization !== undefined && authorization === undefined))
    return `${untold}: a variable that it names is empty or not set`;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return `${untold}: its address is no URL of HTTP`;
  const body = JSON.stringify({ alerts: news.map(payload) });
  let problem = "";
  for (let attempt = 0; attempt < route.attempts; attempt += 1) {
    if (attempt > 0) await pause(PAUSE_MS * 2 ** (attempt - 1));
    problem = await attemptPost(post, { url, body, authorization, timeoutMs: route.timeoutMs });
    if (problem === "") return undefined;
  }
  return `${untold}, attempts ${route.attempts}: ${problem}`;
}

/** Why it did not go; empty when it did. The address and what it holds are never part of it. */
async function attemptPost(post: PostJson, request: Parameters<PostJson>[0]): Promise<string> {
  try {
    const status = await post(request);
    if (status >= 200 && status < 300) return "";
    return status >= 300 && status < 400 ? `it redirects (${status}), which is not followed` : `it answered ${status}`;
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      return `it does not answer within ${request.timeoutMs} ms`;
    return `it is not reached${error instanceof Error ? causeCode(error) : ""}`;
  }
}

function causeCode({ cause }: Error): string {
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" ? ` (${code})` : "";
}

function payload({ told: _told, ...alert }: AlertRecord) {
  return { ...alert, state: alert.resolvedMs === null ? "firing" : "resolved" };
}

function valueOf(given: SecretReference | string, environment: DeliveryPorts["environment"]): string | undefined {
  if (typeof given === "string") return given;
  const value = environment[given.env];
  return value === "" ? undefined : value;
}

/** The variable's name, or the host that the definition itself tells. */
function titleOf(url: SecretReference | string): string {
  return typeof url === "string" ? (URL.parse(url)?.host ?? "") : url.env;
}
