import type { Project } from "@millwright/project";
import { documentsFolder, keepGraphs } from "@millwright/serving";

/** Keeps the graphs that a project defines where its serving process reads them. */
export function keepDefinedGraphs(project: Project, deploymentFile: string): Promise<void> {
  const graphs = project.graphs.map(({ definition: { kind: _kind, description: _description, ...graph } }) => graph);
  return keepGraphs(documentsFolder({ deploymentFile }), graphs);
}
