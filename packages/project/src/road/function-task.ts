import { dirname, join } from "node:path";
import { contentHash } from "@millwright/kernel";
import { planFeatures } from "@millwright/feature-store";
import { computed, union } from "@millwright/governance";
import type { Task } from "@millwright/orchestration";
import {
  deployFunction,
  forgetSources,
  inTurn,
  keepSources,
  readDeployment,
  readSources,
  type FunctionData,
  type ServiceDefinition,
} from "@millwright/serving";
import type { Defined } from "../load-project.ts";
import { tellLineage } from "./lineage.ts";
import type { RoadParts } from "./parts.ts";

/** Puts a function into the deployment: a copy of the project's sources as they are, which stays as it is. */
export function functionTask(
  parts: RoadParts,
  { name, file, definition }: Defined<ServiceDefinition>,
  { projectDir, declared }: { readonly projectDir: string; readonly declared: FunctionData },
): Task {
  const { features, asks, request, response, timestamp, limits } = declared;
  const views = planFeatures(features).joins.map(({ view }) => `feature_view:${view.name}`);
  const hashOf = async () => contentHash({ definition, sources: (await readSources(projectDir)).hash });
  return {
    id: `service:${name}`,
    kind: "service",
    name,
    reads: [],
    waitsFor: [...new Set([...views, ...asks.map((asked) => `service:${asked}`)])],
    definitionHash: hashOf,
    stillThere: async (version) =>
      (await readDeployment(parts)).functions?.some((one) => one.name === name && String(one.version) === version) ===
      true,
    run: async (context) => {
      const folder = join(dirname(parts.deploymentFile), "functions");
      // Each looks at the copies that the others have made.
      const { version } = await inTurn(folder, async () => {
        const before = await usedFolders(parts);
        const kept = await keepSources(await readSources(projectDir), { projectDir, folder });
        const deployed = await deployFunction(parts, {
          name,
          hash: await hashOf(),
          folder: kept,
          file: join(kept, file),
          request,
          response,
          ...(timestamp === undefined ? {} : { timestamp }),
          selections: features,
          asks,
          limits,
        });
        // What was served until now may still read its own.
        await forgetSources(folder, new Set([...before, ...(await usedFolders(parts))]));
        return deployed;
      });
      const inputs = features.map(({ view }) => `feature_view:${view.name}`);
      const read = features.flatMap(({ view, features: own }) =>
        own.map(
          (column) => ({ dataset: `feature_view:${view.name}`, column, type: "DIRECT", kind: "IDENTITY" }) as const,
        ),
      );
      await tellLineage(parts, context, {
        task: `service:${name}`,
        inputs: [...inputs, ...asks.map((asked) => `service:${asked}`)],
        outputs: {
          [`service:${name}`]: {
            columns: response.map((column) => ({ name: column.name, from: computed(union(read)) })),
            rows: [],
          },
        },
      });
      return { outputVersion: String(version), facts: { version } };
    },
  };
}

async function usedFolders(parts: RoadParts): Promise<readonly string[]> {
  return ((await readDeployment(parts)).functions ?? []).map(({ folder }) => folder);
}
