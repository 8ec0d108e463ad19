import type { Project } from "@millwright/project";
import { deployModelLimits, type DeploymentPlaces } from "@millwright/serving";

/** Has the serving process hold the models of documents to the memory that the project's settings give them. */
export function keepModelLimits(project: Project, places: DeploymentPlaces): Promise<void> {
  const { servedModelsMb, pinnedModels = [] } = project.settings.limits;
  if (servedModelsMb === undefined) return deployModelLimits(places, undefined);
  const pinned = [...new Set([...pinnedModels, ...modelsOfGraphs(project)])].toSorted();
  return deployModelLimits(places, { bytesMax: servedModelsMb * 2 ** 20, pinned });
}

/** The models that the project's graphs ask, and that are none of its own services and graphs. */
function modelsOfGraphs({ graphs, services }: Project): readonly string[] {
  const own = new Set([...graphs, ...services].map(({ name }) => name));
  const steps = graphs.flatMap(({ definition }) => Object.values(definition.nodes).flatMap((node) => node.steps));
  return steps.flatMap(({ serviceName }) => (serviceName === undefined || own.has(serviceName) ? [] : [serviceName]));
}
