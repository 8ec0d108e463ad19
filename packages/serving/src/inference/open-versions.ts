import { stat } from "node:fs/promises";
import type { Clock, Logger } from "@millwright/kernel";
import { withBackground } from "../explain/background.ts";
import { fullConfig } from "./full-config.ts";
import type { ModelFolder } from "./model-folder.ts";
import type { InferenceModel, OpenModel } from "./ports.ts";
import { serveModel, type ServedModel } from "./served-model.ts";
import { sequenceModel } from "./sequences/sequence-model.ts";
import { warmUp } from "./warm-up.ts";

interface Opening extends Pick<ServedModel, "name" | "origin"> {
  readonly folder: ModelFolder;
}

interface OpeningPorts {
  readonly openModel: OpenModel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether requests are answered meanwhile. */
  readonly isAnswering: boolean;
}

/** Opens those of a model's versions that its policy serves, all or none. Throws what the runtime says of a file that is none. */
export async function openVersions(
  { name, folder, origin }: Opening,
  ports: OpeningPorts,
): Promise<readonly ServedModel[]> {
  const { logger, clock } = ports;
  const onCloseFailed = (error: unknown) => logger.error({ err: error, model: name }, "a model could not be closed");
  const opened: ServedModel[] = [];
  try {
    for (const { version, file } of folder.versions) {
      const model = await openVersion(file, folder, ports);
      try {
        const bytes = model.bytes ?? (await stat(file)).size;
        const served = { name, version, model, bytes, origin, config: fullConfig(name, folder.config, model) };
        opened.push(serveModel(served, { clock, onCloseFailed }));
      } catch (error) {
        await model.close().catch(onCloseFailed);
        throw error;
      }
    }
  } catch (error) {
    for (const one of opened) one.retire();
    throw error;
  }
  return opened;
}

async function openVersion(
  file: string,
  folder: ModelFolder,
  { openModel, clock, isAnswering }: OpeningPorts,
): Promise<InferenceModel> {
  const { config, format } = folder;
  const opened = await openModel(file, config, { isAnswering, format });
  try {
    const told = await withBackground(opened, { config, file });
    const model = labelled(sequenceModel(told, { config, clock }), folder);
    await warmUp(model, { config, file });
    return model;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function labelled(model: InferenceModel, { labels }: ModelFolder): InferenceModel {
  if (labels.size === 0) return model;
  const outputs = model.outputs.map((spec) => {
    const found = labels.get(spec.name);
    return found === undefined ? spec : { ...spec, labels: found };
  });
  return { ...model, outputs };
}
