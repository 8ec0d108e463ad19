import { randomBytes } from "node:crypto";
import type { Identifier } from "../domain/iceberg/identifiers.ts";
import { lakehouseErrors } from "../errors.ts";
import { shownKey, tablePath, viewPath, type RestNames } from "./rest-names.ts";
import type { RestSession } from "./rest-session.ts";

/** What had a name, under another one for as long as something else is made in its place. */
export interface Aside {
  /** Its key meanwhile. */
  readonly key: string;
  /** Gives it its name back. Throws `lakehouse/commit-conflict` where another has taken it: it then keeps the other name. */
  restore(): Promise<void>;
  /** Forgets it; its files stay. */
  drop(): Promise<void>;
}

interface Places {
  readonly session: RestSession;
  readonly names: RestNames;
}

type Kind = "table" | "view";

/**
 * Takes what has a name out of the way. The protocol has no step in which one name stops being one thing and starts being
 * another: to rename is as one step, loses nothing, and what was taken can be looked at before it is given up. Undefined when
 * nothing had the name. Throws `lakehouse/catalog-lacks`, and `lakehouse/commit-unknown` where the catalog did not answer.
 */
export async function takeAside(places: Places, key: string, kind: Kind): Promise<Aside | undefined> {
  const { session, names } = places;
  if (!session.has(`POST /v1/{prefix}/${kind}s/rename`))
    throw lakehouseErrors.create("lakehouse/catalog-lacks", {
      because: `renaming ${kind}s, without which ${shownKey(key)} could be lost while it becomes another: the catalog lists no address for it`,
    });
  const source = names.identifierOf(key);
  const destination = { namespace: source.namespace, name: `${source.name}_${randomBytes(4).toString("hex")}` };
  const asideKey = names.keyOf(destination);
  if (!(await renamed(places, { kind, source, destination }))) return undefined;
  return {
    key: asideKey,
    restore: async () => {
      if (await renamed(places, { kind, source: destination, destination: source })) return;
      throw lakehouseErrors.create("lakehouse/commit-conflict", {
        because: `another made ${shownKey(key)} meanwhile; what it was is called ${shownKey(asideKey)} now`,
      });
    },
    drop: async () => {
      const path = kind === "view" ? viewPath(destination) : `${tablePath(destination)}?purgeRequested=false`;
      await session.change({ method: "DELETE", path }, [404]);
    },
  };
}

interface Renaming {
  readonly kind: Kind;
  readonly source: Identifier;
  readonly destination: Identifier;
}

/** False where there was nothing to rename, or the name is taken. */
async function renamed({ session, names }: Places, { kind, source, destination }: Renaming): Promise<boolean> {
  const request = { method: "POST", path: `${kind}s/rename`, body: { source, destination } } as const;
  const reply = await session.change(request, [404, 409]);
  if (reply !== "unknown") return reply.status < 300;
  const path = kind === "view" ? viewPath(destination) : tablePath(destination);
  const { status } = await session.ask({ method: "GET", path }, [404]);
  if (status < 300) return true;
  throw lakehouseErrors.create("lakehouse/commit-unknown", {
    because: `${shownKey(names.keyOf(source))}: the catalog did not say whether it is called ${shownKey(names.keyOf(destination))} now`,
  });
}
