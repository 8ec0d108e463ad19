import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rmSync } from "node:fs";
import { differentFlights, probabilityOf, type Inference } from "../../../e2e/support/callers.ts";
import { edit, end, eventually, mill, millLater, millUp, smallFlights, type Up } from "../../../e2e/support/project.ts";
import { grpcCaller } from "./support/grpc-caller.ts";

// A project's service speaks the whole of the Open Inference Protocol, over REST and gRPC, with the same answers.

const FLIGHTS = differentFlights(5);
const NAME = "late-flights";

let projectDir: string;
let up: Up;
let caller: Awaited<ReturnType<typeof grpcCaller>>;
/** As the plain request has them. */
let expected: readonly unknown[];

const url = (tail: string) => `http://127.0.0.1:${up.port}/v2${tail}`;
const post = (tail: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(url(tail), { method: "POST", body: body as string, headers });

beforeAll(async () => {
  projectDir = smallFlights();
  up = await millUp(projectDir);
  await up.road;
  const grpcPort = await eventually("gRPC", async () => {
    const status = (await (await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/status`)).json()) as {
      readonly up: { readonly grpcPort: number | null };
    };
    return status.up.grpcPort ?? undefined;
  });
  caller = await grpcCaller(grpcPort);
  await eventually("the service", async () => ((await fetch(url(`/models/${NAME}/ready`))).ok ? true : undefined));
  expected = await Promise.all(
    FLIGHTS.map(async (flight) => {
      const inputs = Object.entries(flight).map(([name, value]) => ({ name, data: [value as unknown] }));
      const answer = await post(`/models/${NAME}/infer`, JSON.stringify({ inputs }));
      return probabilityOf((await answer.json()) as Inference);
    }),
  );
}, 240_000);
afterAll(async () => {
  caller.close();
  await end(up);
  rmSync(projectDir, { recursive: true, force: true });
});

const call = (...asked: Parameters<typeof caller.call>) => caller.call(...asked);

const TEXTS = ["origin", "destination", "departed_at"] as const;
const shape = [FLIGHTS.length];
const tensors = [
  ...TEXTS.map((name) => ({
    head: { name, datatype: "BYTES", shape },
    bytes: Buffer.concat(
      FLIGHTS.map((flight) => {
        const text = Buffer.from(flight[name]);
        return Buffer.concat([Buffer.from(Uint32Array.of(text.length).buffer), text]);
      }),
    ),
  })),
  {
    head: { name: "distance", datatype: "INT64", shape },
    bytes: Buffer.from(BigInt64Array.from(FLIGHTS, ({ distance }) => BigInt(distance)).buffer),
  },
];

describe("a project's service", () => {
  test("tells itself: metadata, configuration, index, readiness", async () => {
    const metadata = (await (await fetch(url(`/models/${NAME}`))).json()) as {
      readonly inputs: readonly { readonly name: string; readonly datatype: string }[];
    };
    expect(Object.fromEntries(metadata.inputs.map(({ name, datatype }) => [name, datatype]))).toEqual(
      Object.fromEntries(tensors.map(({ head }) => [head.name, head.datatype])),
    );
    expect(await call("ModelMetadata", { name: NAME })).toMatchObject({ name: NAME, platform: "millwright" });
    expect(await (await fetch(url(`/models/${NAME}/config`))).json()).toMatchObject({ name: NAME, max_batch_size: 0 });
    expect(await call("RepositoryIndex", {})).toMatchObject({ models: [{ name: NAME, version: "1", state: "READY" }] });
    expect(await call("ModelReady", { name: NAME })).toMatchObject({ ready: true });
  });

  test("says why in KServe's first protocol, with the contributions that it tells of itself", async () => {
    const [flight] = FLIGHTS;
    const answer = await fetch(`http://127.0.0.1:${up.port}/v1/models/${NAME}:explain`, {
      method: "POST",
      body: JSON.stringify({ instances: [flight] }),
    });
    const { explanations } = (await answer.json()) as { readonly explanations: readonly (readonly number[])[] };
    const own = await post(`/models/${NAME}/infer`, JSON.stringify({ ...flight, parameters: { explain: true } }));
    const { probability, explanation } = (await own.json()) as {
      readonly probability: number;
      readonly explanation: {
        readonly base: number;
        readonly contributions: readonly { readonly feature: string; readonly contribution: number }[];
      };
    };
    const sum = explanations[0]?.reduce((all, part) => all + part, 0) ?? Number.NaN;
    expect(1 / (1 + Math.exp(-sum))).toBeCloseTo(probability, 6);
    expect(explanations[0]?.at(-1)).toBeCloseTo(explanation.base, 9);
    const told = (await (await fetch(url(`/models/${NAME}/explanation`))).json()) as {
      readonly by: string;
      readonly features: readonly string[];
    };
    const named = told.features.map((feature, at) => [feature, explanations[0]?.[at]]);
    expect(told.by).toBe("model");
    expect(Object.fromEntries(named)).toEqual(
      Object.fromEntries(explanation.contributions.map(({ feature, contribution }) => [feature, contribution])),
    );
  });

  test("answers over gRPC as over REST, under the caller's own name for the request", async () => {
    const answer = (await call("ModelInfer", {
      model_name: NAME,
      id: "over-grpc",
      inputs: tensors.map(({ head }) => head),
      raw_input_contents: tensors.map(({ bytes }) => bytes),
    })) as {
      readonly id: string;
      readonly outputs: readonly { name: string }[];
      readonly raw_output_contents: Buffer[];
    };
    expect([answer.id, answer.outputs.map(({ name }) => name)]).toEqual([
      "over-grpc",
      ["probability", "prediction_id"],
    ]);
    const [raw = Buffer.alloc(0), ids = Buffer.alloc(0)] = answer.raw_output_contents;
    expect(FLIGHTS.map((_, row) => Buffer.from(raw).readDoubleLE(row * 8))).toEqual(expected);
    expect(Buffer.from(ids).toString("latin1")).toContain("over-grpc-4");
  });

  test("names each prediction where the caller has no name, and has the limits of a plain request", async () => {
    const message = { model_name: NAME, inputs: tensors.map(({ head }) => head), outputs: [{ name: "prediction_id" }] };
    const raw_input_contents = tensors.map(({ bytes }) => bytes);
    const answer = (await call("ModelInfer", { ...message, raw_input_contents })) as {
      readonly raw_output_contents: Buffer[];
    };
    const ids = Buffer.from(answer.raw_output_contents[0] ?? []).toString("latin1");
    expect(ids).not.toMatch(/^.{4}-0/s);
    expect(ids.length / FLIGHTS.length).toBeGreaterThan(16);
    const name = { ...message, raw_input_contents, id: "n".repeat(201) };
    await expect(call("ModelInfer", name)).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    const many = { name: "origin", datatype: "BYTES", shape: [10_001] };
    const rows = { model_name: NAME, inputs: [many], raw_input_contents: [Buffer.alloc(4 * 10_001)] };
    await expect(call("ModelInfer", rows)).rejects.toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED });
  });

  test("takes tensors as bytes over REST, and answers so where it is asked to", async () => {
    const head = Buffer.from(
      JSON.stringify({
        inputs: tensors.map(({ head: one, bytes }) => ({ ...one, parameters: { binary_data_size: bytes.length } })),
        outputs: [{ name: "probability", parameters: { binary_data: true } }],
      }),
    );
    const answer = await post(`/models/${NAME}/infer`, Buffer.concat([head, ...tensors.map(({ bytes }) => bytes)]), {
      "inference-header-content-length": String(head.length),
    });
    const length = Number(answer.headers.get("inference-header-content-length"));
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.length - length).toBe(FLIGHTS.length * 8);
    expect(FLIGHTS.map((_, row) => bytes.readDoubleLE(length + row * 8))).toEqual(expected);
  });

  test("answers the outputs that are asked for, the explanation among them", async () => {
    const [flight] = FLIGHTS;
    const inputs = Object.entries(flight ?? {}).map(([name, value]) => ({
      name,
      datatype: typeof value === "number" ? "INT64" : "BYTES",
      shape: [1],
      data: [value as unknown],
    }));
    const outputs = [{ name: "explanation" }, { name: "probability" }];
    const answer = (await (
      await post(`/models/${NAME}/infer`, JSON.stringify({ inputs, outputs }))
    ).json()) as Inference;
    expect(answer.outputs.map(({ name }) => name)).toEqual(["explanation", "probability"]);
    expect(JSON.parse(String(answer.outputs[0]?.data[0]))).toHaveProperty("contributions");
    expect(answer.outputs[1]?.data).toEqual([expected[0]]);
  });

  test("counts among the server's requests what comes over gRPC and by rows, answered or refused, each once", async () => {
    const counts = async () => {
      const text = await (await fetch(`http://127.0.0.1:${up.port}/metrics`)).text();
      return ["millwright_request_seconds_count", "millwright_requests_failed_total"].map((name) =>
        Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]),
      ) as [number, number];
    };
    const [answered, failed] = await counts();
    const message = { model_name: NAME, inputs: tensors.map(({ head }) => head) };
    await call("ModelInfer", { ...message, raw_input_contents: tensors.map(({ bytes }) => bytes) });
    const v1 = `http://127.0.0.1:${up.port}/v1/models/${NAME}:predict`;
    const byRows = await fetch(v1, { method: "POST", body: JSON.stringify({ instances: FLIGHTS }) });
    expect(byRows.status).toBe(200);
    const inputs = tensors.map(({ head }) => ({
      ...head,
      data: FLIGHTS.map((flight) => flight[head.name as "origin"]),
    }));
    const whole = await post(`/models/${NAME}/infer`, JSON.stringify({ inputs, outputs: [{ name: "probability" }] }));
    expect(whole.status).toBe(200);
    await expect(call("ModelInfer", { model_name: NAME, inputs: [] })).rejects.toThrow();
    expect(await counts()).toEqual([answered + 3, failed + 1]);
  });

  test("counts what it answered, and refuses what does not fit by gRPC's statuses", async () => {
    const { model_stats: all } = (await (await fetch(url(`/models/${NAME}/stats`))).json()) as {
      readonly model_stats: readonly { readonly inference_count: number }[];
    };
    expect(await (await fetch(url("/models/stats"))).json()).toMatchObject({ model_stats: [{ name: NAME }] });
    expect(all[0]?.inference_count).toBeGreaterThanOrEqual(FLIGHTS.length);
    const refusals = [
      call("ModelInfer", {
        model_name: "early-flights",
        inputs: [tensors[0]?.head],
        raw_input_contents: [tensors[0]?.bytes],
      }),
      call("ModelInfer", {
        model_name: NAME,
        inputs: [{ name: "none", datatype: "BYTES", shape: [0] }],
        raw_input_contents: [Buffer.alloc(0)],
      }),
      call("RepositoryModelUnload", { model_name: NAME }),
    ];
    const codes = await Promise.all(refusals.map((refusal) => refusal.catch((error: grpc.ServiceError) => error.code)));
    expect(codes).toEqual([grpc.status.NOT_FOUND, grpc.status.INVALID_ARGUMENT, grpc.status.FAILED_PRECONDITION]);
    expect((await fetch(url(`/models/${NAME}/ready`))).status).toBe(200);
  });
});

describe("a caller of a service with two versions", () => {
  const KEYS = Array.from({ length: 24 }, (_, at) => `caller-${at}`);
  const message = { model_name: NAME, inputs: tensors.map(({ head }) => head), outputs: [{ name: "variant" }] };
  const overGrpc = async (asked: object, metadata: Readonly<Record<string, string>> = {}) => {
    const raw_input_contents = tensors.map(({ bytes }) => bytes);
    const answer = (await call("ModelInfer", { ...message, raw_input_contents, ...asked }, metadata)) as {
      readonly raw_output_contents: readonly Uint8Array[];
    };
    const texts = Buffer.from(answer.raw_output_contents[0] ?? []).toString("latin1");
    return new Set(texts.match(/champion|challenger/g));
  };
  const overRest = async (asked: object, headers: Readonly<Record<string, string>> = {}) => {
    const inputs = Object.keys(FLIGHTS[0] ?? {}).map((name) => ({
      name,
      data: FLIGHTS.map((flight) => flight[name as "origin"]),
    }));
    const response = await post(`/models/${NAME}/infer`, JSON.stringify({ inputs, ...asked }), headers);
    const { outputs } = (await response.json()) as { readonly outputs: readonly { name: string; data: unknown[] }[] };
    return new Set(outputs.find(({ name }) => name === "variant")?.data);
  };
  /** Sets what the service's callers are told apart by, once requests are split so. */
  const splitBy = async (stickyBy: string) => {
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace(
        /model: "late-flights@champion",(?: traffic: .*,)?$/m,
        `model: "late-flights@champion", traffic: { weights: { challenger: 50 }, stickyBy: ${stickyBy}, experiment: ${JSON.stringify(stickyBy)} },`,
      ),
    );
    // Connections that are kept are seen to end meanwhile.
    expect(await millLater(["run", "--project", projectDir])).toMatchObject({ code: 0 });
  };

  beforeAll(async () => {
    edit(projectDir, "training/late-flights.ts", (text) => text.replace("trees: 5", "trees: 6"));
    await millLater(["run", "--project", projectDir]);
    const promote = ["models", "promote", NAME, "--project", projectDir, "--reason", "for a test"];
    const models = ["1", "2"].map((version) =>
      mill([...promote, version, "--alias", version === "1" ? "champion" : "challenger"]),
    );
    expect(models.map(({ code }) => code)).toEqual([0, 0]);
  }, 120_000);

  test("gets the same one by a header of HTTP and by gRPC's metadata", async () => {
    await splitBy('{ header: "X-Caller" }');
    const seen = new Set<unknown>();
    await eventually("the split", async () => {
      const first = await overRest({}, { "x-caller": "asked-first" });
      return first.size > 0 || undefined;
    });
    for (const key of KEYS) {
      const [rest, grpcs] = await Promise.all([overRest({}, { "x-caller": key }), overGrpc({}, { "x-caller": key })]);
      expect([key, grpcs]).toEqual([key, rest]);
      expect(rest.size).toBe(1);
      for (const variant of rest) seen.add(variant);
    }
    expect(seen).toEqual(new Set(["champion", "challenger"]));
  });

  test("gets the same one by a parameter, whatever type it is sent as", async () => {
    await splitBy('{ parameter: "caller" }');
    const kinds = [
      ...KEYS.map((key) => [key, { string_param: key }] as const),
      ...KEYS.map((_, at) => [at * 7, { int64_param: at * 7 }] as const),
      [true, { bool_param: true }],
      [true, { int64_param: 1 }],
      [false, { bool_param: false }],
      ["false", { bool_param: false }],
      [2.5, { double_param: 2.5 }],
    ] as const;
    await eventually("the split by parameter", async () => {
      const asked = await Promise.all(KEYS.map((caller, at) => overRest({ id: `${at}`, parameters: { caller } })));
      const again = await Promise.all(
        KEYS.map((caller, at) => overRest({ id: `again-${at}`, parameters: { caller } })),
      );
      return JSON.stringify(asked.map((one) => [...one])) === JSON.stringify(again.map((one) => [...one])) || undefined;
    });
    const seen = new Set<unknown>();
    for (const [caller, parameter] of kinds) {
      const rest = await overRest({ parameters: { caller } });
      expect([caller, await overGrpc({ parameters: { caller: parameter } })]).toEqual([caller, rest]);
      for (const variant of rest) seen.add(variant);
    }
    expect(seen).toEqual(new Set(["champion", "challenger"]));
  });
});
