import { Agent, request } from "node:http";
import { ROW } from "./constant-model.ts";

/** One answered request. */
interface Answered {
  readonly name: string;
  readonly value: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface Asked {
  readonly answers: readonly Answered[];
  /** Refused with this status; undefined where the connection was lost. */
  readonly refused: readonly { readonly name: string; readonly status: number | undefined; readonly askedMs: number }[];
  stop(): Promise<void>;
}

/** Callers who ask models that answer with one number, one after the other, without pause, each over a connection that is kept. */
export function keepAsking(
  port: number,
  { models, connections }: { readonly models: readonly string[]; readonly connections: number },
): Asked {
  const answers: Answered[] = [];
  const refused: { name: string; status: number | undefined; askedMs: number }[] = [];
  let isStopped = false;
  const call = async (caller: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = caller; !isStopped; turn += 1) {
      const name = models[turn % models.length] ?? "";
      const askedMs = performance.now();
      const { status, value } = await ask(port, { name, agent });
      if (status === 200) answers.push({ name, value, askedMs, answeredMs: performance.now() });
      else refused.push({ name, status, askedMs });
    }
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: connections }, (_, caller) => call(caller)));
  return {
    answers,
    refused,
    stop: async () => {
      isStopped = true;
      await all;
    },
  };
}

function ask(
  port: number,
  { name, agent }: { readonly name: string; readonly agent: Agent },
): Promise<{ readonly status: number | undefined; readonly value: number }> {
  return new Promise((resolve) => {
    const path = `/v2/models/${name}/infer`;
    request({ host: "127.0.0.1", port, path, method: "POST", agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", () => resolve({ status: undefined, value: Number.NaN }));
      response.on("end", () => {
        const { outputs } = JSON.parse(text) as { readonly outputs?: readonly { readonly data: readonly number[] }[] };
        resolve({ status: response.statusCode, value: outputs?.[0]?.data[0] ?? Number.NaN });
      });
    })
      .on("error", () => resolve({ status: undefined, value: Number.NaN }))
      .end(ROW);
  });
}
