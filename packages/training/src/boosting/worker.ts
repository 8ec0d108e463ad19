import { parentPort, Worker, workerData } from "node:worker_threads";
import type { GradientBoosting } from "../define-training.ts";
import { encodeModel } from "../model/model-file.ts";
import type { ModelDescription } from "../model/tree-model.ts";
import { Grower, setCommand } from "./grow.ts";
import { firstScores } from "./objectives.ts";
import { DO_END, DONE, COMMAND, GENERATION, viewsOf, type SharedTraining } from "./shared.ts";
import { TrainingThread } from "./thread.ts";

// The trainer's threads. The leader grows the trees; the followers wait for its commands in shared memory.

export interface LeaderInput {
  readonly role: "leader";
  readonly shared: SharedTraining;
  readonly described: Pick<ModelDescription, "features" | "classes" | "categories">;
}

interface FollowerInput {
  readonly role: "follower";
  readonly shared: SharedTraining;
  readonly thread: number;
}

export type LeaderMessage = { readonly trees: number } | { readonly model: Uint8Array };

const SPINS = 20_000;

const input = workerData as LeaderInput | FollowerInput;
if (input.role === "leader") lead(input);
else follow(input);

function lead({ shared, described }: LeaderInput): void {
  const threads = shared.threads.length;
  const followers = Array.from({ length: threads - 1 }, (_, index) => {
    const data: FollowerInput = { role: "follower", shared, thread: index + 1 };
    return new Worker(new URL(import.meta.url), { workerData: data });
  });
  const own = new TrainingThread(shared, 0);
  const together = (command: number): void => {
    setCommand(shared.control, command);
    Atomics.store(shared.control, DONE, 0);
    Atomics.add(shared.control, GENERATION, 1);
    Atomics.notify(shared.control, GENERATION);
    own.work();
    waitUntil(shared.control, { slot: DONE, value: threads - 1 });
  };
  parentPort?.postMessage({ trees: 0 } satisfies LeaderMessage);
  const bases = startScores(shared);
  const grower = new Grower(shared, { together, partitionAlone: () => own.partitionAlone() });
  growTrees(grower, shared.options);
  setCommand(shared.control, DO_END);
  Atomics.add(shared.control, GENERATION, 1);
  Atomics.notify(shared.control, GENERATION);
  parentPort?.postMessage({ model: encodeModel(grower.model({ ...described, bases })) } satisfies LeaderMessage);
  for (const follower of followers) follower.unref();
}

/** As many trees as are wanted; fewer when the validation rows gain nothing from more. */
function growTrees(grower: Grower, { trees, earlyStopping = Number.POSITIVE_INFINITY }: GradientBoosting): void {
  let best = { trees: 0, loss: Number.POSITIVE_INFINITY };
  for (let grown = 1; grown <= trees; grown += 1) {
    const loss = grower.growRound();
    parentPort?.postMessage({ trees: grown } satisfies LeaderMessage);
    if (loss === undefined) continue;
    if (loss < best.loss) best = { trees: grown, loss };
    if (grown - best.trees >= earlyStopping) break;
  }
  if (best.trees > 0) grower.keep(best.trees);
}

/** All scores begin where the labels alone put them. */
function startScores(shared: SharedTraining): readonly number[] {
  const { rows, validation } = shared;
  const bases = firstScores(shared);
  const { scores } = viewsOf(shared);
  bases.forEach((base, output) => {
    scores.fill(base, output * rows, (output + 1) * rows);
    validation?.scores.fill(base, output * validation.rows, (output + 1) * validation.rows);
  });
  return bases;
}

function follow({ shared, thread }: FollowerInput): void {
  const own = new TrainingThread(shared, thread);
  let generation = 0;
  for (;;) {
    waitWhile(shared.control, { slot: GENERATION, value: generation });
    generation += 1;
    if (shared.control[COMMAND] === DO_END) return;
    own.work();
    Atomics.add(shared.control, DONE, 1);
    Atomics.notify(shared.control, DONE);
  }
}

/** Spins a little, since most waits are short, then sleeps. */
function waitWhile(control: Int32Array, { slot, value }: { readonly slot: number; readonly value: number }): void {
  for (let spin = 0; spin < SPINS; spin += 1) if (Atomics.load(control, slot) !== value) return;
  while (Atomics.load(control, slot) === value) Atomics.wait(control, slot, value, 1_000);
}

function waitUntil(control: Int32Array, { slot, value }: { readonly slot: number; readonly value: number }): void {
  for (let spin = 0; spin < SPINS; spin += 1) if (Atomics.load(control, slot) === value) return;
  for (let now = Atomics.load(control, slot); now !== value; now = Atomics.load(control, slot))
    Atomics.wait(control, slot, now, 1_000);
}
