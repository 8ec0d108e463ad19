import type { DeploymentPlaces } from "../deploy-version.ts";
import { inTurn } from "../in-turn.ts";

/**
 * Changes the traffic of a service, one change after the other: what is read of it stands until the change is kept. Else a
 * rollout that looks while somebody takes it back would go on from what it has read.
 */
export function oneChange<Result>(
  { deploymentFile }: Pick<DeploymentPlaces, "deploymentFile">,
  service: string,
  change: () => Promise<Result>,
): Promise<Result> {
  return inTurn(JSON.stringify([deploymentFile, service]), change);
}
