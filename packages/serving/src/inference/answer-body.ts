import type { Clock } from "@millwright/kernel";
import type { PayloadLog } from "../payloads/payload-log.ts";
import type { AskedBy } from "./ports.ts";
import type { ServedModel } from "./served-model.ts";
import { nanoseconds } from "./statistics.ts";

/** Has a model that answers bodies answer one, and counts it as a request of one row. */
export async function answerBody(
  served: ServedModel,
  asked: { readonly body: string; readonly by: AskedBy; readonly arrivedMs: number },
  { clock, payloads }: { readonly clock: Clock; readonly payloads?: PayloadLog | undefined },
): Promise<{ readonly status: number; readonly body: string }> {
  const { model, statistics } = served;
  const { body, by, arrivedMs } = asked;
  const watched = payloads?.watchBody(served, asked);
  const begunMs = clock.monotonicMs();
  try {
    const answer = await served.use(async () => model.answerBody?.(body, by) ?? { status: 501, body: "{}" });
    const inferMs = clock.monotonicMs() - begunMs;
    watched?.answered(answer.status, answer.body);
    if (answer.status > 299) {
      statistics.failed(nanoseconds(inferMs));
      return answer;
    }
    const phases = {
      queueNs: nanoseconds(begunMs - arrivedMs),
      inputNs: 1,
      inferNs: nanoseconds(inferMs),
      outputNs: 1,
    };
    statistics.executed({ rows: 1, requests: 1, joinMs: 0, inferMs, splitMs: 0 });
    statistics.succeeded(phases, { rows: 1, nowMs: clock.nowMs() });
    return answer;
  } catch (error) {
    watched?.failed(error);
    statistics.failed(nanoseconds(clock.monotonicMs() - begunMs));
    throw error;
  }
}
