import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, type Logger } from "@millwright/kernel";
import type { Tensor } from "../../src/inference/index.ts";
import { answerOf } from "../../src/python/answer-frame.ts";
import { loadFrame, specsOf } from "../../src/python/model-specs.ts";
import { PythonWorker } from "../../src/python/python-worker.ts";
import { pythonSettings } from "../../src/python/python-settings.ts";
import { WorkerPool, type PoolLimits } from "../../src/python/worker-pool.ts";

/** Answers with the number that it was given, and the worker's process; a request can have it do harm first. */
const MODEL = `
import os, pathlib, signal, sys, time

here = pathlib.Path(__file__).parent

def hold(name):
    (here / f"{name}.begun").touch()
    while not (here / f"{name}.go").exists():
        time.sleep(0.002)

HARMS = {
    "": lambda: None,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "exit": lambda: os._exit(9),
    "hang": lambda: time.sleep(3600),
    "garbage": lambda: os.write(3, b"\\x07\\x00\\x00\\x00garbage"),
    "length": lambda: os.write(3, b"\\xff\\xff\\xff\\xff"),
    "other": lambda: os.write(3, b'\\x19\\x00\\x00\\x00{"kind":"answer","id":99}'),
    "close": lambda: os.close(3),
    "print": lambda: print("x" * 1000000),
}

class Model:
    inputs = {"number": ("INT64", [1]), "how": ("BYTES", [1])}
    outputs = {"number": ("INT64", [1]), "pid": ("INT64", [1])}

    def load(self, folder):
        if (here / "fail").exists():
            raise RuntimeError("it is told to fail")
        if (here / "slow").exists():
            hold(f"load-{os.getpid()}")

    def predict(self, inputs):
        how = inputs["how"][0].decode()
        if how.startswith("hold "):
            hold(how[5:])
        else:
            HARMS[how]()
        return {"number": inputs["number"], "pid": [os.getpid()]}

    def close(self):
        (here / f"{os.getpid()}.closed").touch()
`;

interface WorkersOptions {
  readonly python: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly limits?: Partial<PoolLimits>;
  readonly clock?: { monotonicMs(): number };
  /** Called before each start of a process; what it throws, the start throws. */
  readonly onStart?: () => void;
  readonly logger?: Logger;
}

/** A pool of workers with that model, in a folder of its own. */
export async function openWorkers({
  python,
  parameters = {},
  limits = {},
  clock = systemClock,
  onStart,
  logger = silentLogger,
}: WorkersOptions) {
  const folder = mkdtempSync(join(tmpdir(), "mill-workers-"));
  const file = join(folder, "model.py");
  writeFileSync(file, MODEL);
  const config = {
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { string_value: value }])),
  };
  const settings = pythonSettings(config, { workers: 1 });
  const load = await loadFrame(file, config);
  const pool = new WorkerPool({
    startWorker: () => {
      onStart?.();
      return new PythonWorker({ python, load, logger });
    },
    folder,
    scale: settings.scale,
    limits: { ...settings.limits, ...limits },
    clock,
    logger: silentLogger,
  });
  const { outputs } = specsOf(await pool.open());
  const ask = async (number: number, how = "", deadlineMs?: number, parameters?: Readonly<Record<string, unknown>>) => {
    const names = outputs.map(({ name }) => name);
    const tensors = answerOf(await pool.ask(tensorsOf(number, how), names, { deadlineMs, parameters }), outputs);
    const [answered, pid] = tensors.map(({ data }) => Number((data as BigInt64Array)[0]));
    return { answered, pid: pid ?? 0 };
  };
  return {
    folder,
    pool,
    ask,
    has: (name: string) => existsSync(join(folder, name)),
    write: (name: string) => writeFileSync(join(folder, name), ""),
    remove: (name: string) => rmSync(join(folder, name), { force: true }),
    close: async () => {
      await pool.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function tensorsOf(number: number, how: string): readonly Tensor[] {
  return [
    { name: "number", datatype: "INT64", shape: [1], data: BigInt64Array.of(BigInt(number)) },
    { name: "how", datatype: "BYTES", shape: [1], data: [Buffer.from(how)] },
  ];
}

/** Waits, turn by turn, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 2));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
