import { dirname } from "node:path";
import type { Clock, Logger } from "@millwright/kernel";
import type { InferenceModel, OpenModel } from "../inference/index.ts";
import { answerOf } from "../python/answer-frame.ts";
import { loadFrame, specsOf } from "../python/model-specs.ts";
import { ownInterpreter } from "../python/model-environment.ts";
import { PythonWorker } from "../python/python-worker.ts";
import { pythonSettings, type PythonDefaults } from "../python/python-settings.ts";
import { WorkerPool } from "../python/worker-pool.ts";

/** Where models that need Python run, and how. */
export interface PythonPlace extends PythonDefaults {
  /** The interpreter of models whose configuration names none: its environment is made where it is not there. */
  readonly interpreter: () => Promise<string>;
}

export interface PythonModelsOptions {
  readonly place: () => Promise<PythonPlace>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens a model that needs Python, in worker processes of its own. Throws `inference/no-python` and `inference/cannot-load`. */
export function openPythonModel({ place, clock, logger }: PythonModelsOptions): OpenModel {
  return async (file, config, { format } = {}): Promise<InferenceModel> => {
    const { interpreter, ...defaults } = await place();
    const { scale, limits, executions } = pythonSettings(config, defaults);
    const python = (await ownInterpreter(file, config)) ?? (await interpreter());
    const load = await loadFrame(file, config, format);
    const startWorker = () => new PythonWorker({ python, load, logger: logger.child({ file }) });
    const pool = new WorkerPool({
      startWorker,
      folder: dirname(file),
      scale,
      limits,
      clock,
      logger: logger.child({ file }),
    });
    const { inputs, outputs, platform } = await openedSpecs(pool);
    const { bytes } = pool.report();
    const isBatch = (config.max_batch_size ?? 0) > 0;
    return {
      platform,
      backend: "python",
      inputs,
      outputs,
      ...(bytes === 0 ? {} : { bytes }),
      executions,
      workers: () => {
        void pool.measure();
        return pool.report();
      },
      infer: async (given, wanted, asked) => {
        const specs = wanted.map((name) => outputs.find((spec) => spec.name === name));
        const rows = isBatch ? given[0]?.shape[0] : undefined;
        return answerOf(await pool.ask(given, wanted, asked), specs, rows);
      },
      close: () => pool.close(),
    };
  };
}

/** What a pool's model says of itself. Where that cannot be served, no worker stays behind. */
async function openedSpecs(pool: WorkerPool): Promise<ReturnType<typeof specsOf>> {
  try {
    return specsOf(await pool.open());
  } catch (error) {
    await pool.close();
    throw error;
  }
}
