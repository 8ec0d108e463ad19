import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { serveModels } from "./support/serve-models.ts";
import { serveEcho } from "./support/tagged-models.ts";

// KServe's own clients, of both of its protocols and over gRPC; and the metadata by which callers of ModelMesh name a model.

const { python, kserveClients } = inject("means");

interface Said {
  readonly v1: Readonly<Record<string, unknown>>;
  readonly v2: Readonly<Record<string, unknown>>;
  readonly grpc: Readonly<Record<string, unknown>>;
}

describe.skipIf(kserveClients === undefined)("KServe's own clients", () => {
  let root: string;
  let echo: Awaited<ReturnType<typeof serveEcho>>;
  let trees: Awaited<ReturnType<typeof serveModels>>;
  let said: Said;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "mill-kserve-"));
    mkdirSync(join(root, "boost", "1"), { recursive: true });
    cpSync(join(import.meta.dirname, "tree-models", "xgboost-softprob.ubj"), join(root, "boost", "1", "model.ubj"));
    trees = await serveModels(root);
    echo = await serveEcho({ idle: true, isHalfOptional: true });
    const program = join(import.meta.dirname, "support", "kserve_clients.py");
    const { stdout } = await promisify(execFile)(python ?? "", [program, echo.url, echo.grpcAddress, trees.url]);
    said = JSON.parse(stdout) as Said;
  });
  afterAll(async () => {
    await Promise.all([echo.close(), trees.close()]);
    rmSync(root, { recursive: true, force: true });
  });

  const answered = { model: "echo", TAG: true, TEXT: ["", "a", "ж", "b c"], HALF: true };
  const refused = (code: string | number, text: string) => ({ code, text: expect.stringContaining(text) as string });

  test("InferenceRESTClient, v2: tensors as bytes and as lists, health, refusals", () => {
    // This client reads no version from the body.
    expect(said.v2).toEqual({
      live: true,
      ready: true,
      models: [true, false, false],
      bytes: { ...answered, id: "of-bytes", version: null },
      lists: { ...answered, id: "of-lists", version: null },
      some: { ...answered, id: "of-bytes", version: null, TEXT: null, HALF: null },
      unfit: refused(400, 'the input "TEXT" is missing'),
      unknown: refused(404, 'nothing is served as "nobody"'),
    });
  });

  test("InferenceRESTClient, v1: predictions, explanations, health; a model that is not loaded is not ready", async () => {
    const instances = [0.5, -1].map((value) => Array.from({ length: 8 }, () => value));
    const response = await fetch(`${trees.url}/v1/models/boost:explain`, {
      method: "POST",
      body: JSON.stringify({ instances }),
    });
    expect(said.v1).toEqual({
      live: true,
      models: [true, false],
      nobody: refused(404, '"nobody"'),
      predicted: { predictions: [{ TAG: [1, 2], TEXT: ["a", "b"], HALF: [1, 2] }] },
      explained: await response.json(),
      unexplained: refused(400, "against which rows"),
    });
    expect(said.v1["explained"]).toMatchObject({ explanations: [{ length: 3 }, { length: 3 }] });
  });

  test("InferenceGRPCClient: raw and typed contents, health, models named beside the message", () => {
    const bytes = { ...answered, id: "of-bytes", version: "2" };
    expect(said.grpc).toEqual({
      live: true,
      ready: true,
      models: [true, false],
      nobody: refused("NOT_FOUND", '"nobody"'),
      bytes,
      lists: { ...answered, id: "of-lists", version: "2", HALF: null },
      vmodel: bytes,
      model: bytes,
      vmodel_bytes: bytes,
      ready_vmodel: true,
      unknown: refused("NOT_FOUND", 'nothing is served as "nobody"'),
    });
  });
});
