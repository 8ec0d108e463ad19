import type { Lakehouse, TableState } from "@millwright/lakehouse";

const OPEN_MAX = 4;

/** The tables of branches, for whoever looks at them: each branch is opened when it first is looked at. */
export interface BranchLakehouses {
  /** As the branch is at this moment: runs in other processes write to it. */
  readonly on: (branch: string) => Promise<Lakehouse>;
  close(): Promise<void>;
}

interface Opened {
  readonly lakehouse: Lakehouse;
  /** By name what was last seen of it. */
  seen: ReadonlyMap<string, string>;
}

/** `open` throws for a branch that is not there, or no longer. */
export function createBranchLakehouses(open: (branch: string) => Promise<Lakehouse>): BranchLakehouses {
  const opened = new Map<string, Promise<Opened>>();
  const take = async (branch: string): Promise<Opened> => {
    const lakehouse = await open(branch);
    return { lakehouse, seen: statesOf(await lakehouse.tables()) };
  };
  const forget = async (branch: string): Promise<void> => {
    const found = opened.get(branch);
    opened.delete(branch);
    await found?.then(
      ({ lakehouse }) => lakehouse.close(),
      () => undefined,
    );
  };
  return {
    on: async (branch) => {
      const known = opened.get(branch);
      const current = known ?? take(branch);
      opened.set(branch, current);
      current.catch(() => opened.delete(branch));
      const [oldest] = opened.keys();
      if (opened.size > OPEN_MAX && oldest !== undefined) await forget(oldest);
      const found = await current;
      if (known !== undefined) await renew(found);
      return found.lakehouse;
    },
    close: async () => {
      for (const branch of opened.keys()) await forget(branch);
    },
  };
}

/** Sees what has changed since it was last looked at, and what is gone. */
async function renew(opened: Opened): Promise<void> {
  const now = statesOf(await opened.lakehouse.tables());
  const names = new Set([...opened.seen.keys(), ...now.keys()]);
  await opened.lakehouse.refresh([...names].filter((name) => opened.seen.get(name) !== now.get(name)));
  opened.seen = now;
}

function statesOf(tables: readonly TableState[]): ReadonlyMap<string, string> {
  return new Map(tables.map(({ name, snapshotId, updatedAtMs }) => [name, `${snapshotId} ${updatedAtMs}`]));
}
