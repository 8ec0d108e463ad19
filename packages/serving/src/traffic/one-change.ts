import type { DeploymentPlaces } from "../deploy-version.ts";

const changes = new Map<string, Promise<unknown>>();

/**
 * Changes the traffic of a service, one change after the other: what is read of it stands until the change is kept. Else a
 * rollout that looks while somebody takes it back would go on from what it has read.
 */
export async function oneChange<Result>(
  { deploymentFile }: Pick<DeploymentPlaces, "deploymentFile">,
  service: string,
  change: () => Promise<Result>,
): Promise<Result> {
  const key = JSON.stringify([deploymentFile, service]);
  const done = (changes.get(key) ?? Promise.resolve()).then(change);
  const settled = done.then(
    () => undefined,
    () => undefined,
  );
  changes.set(key, settled);
  await settled;
  if (changes.get(key) === settled) changes.delete(key);
  return done;
}
