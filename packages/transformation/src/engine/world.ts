import type { Macros } from "./macros.ts";
import type { Plain } from "./plain.ts";
import type { Package } from "./project-files.ts";
import type { Target } from "./profile.ts";
import type { Warehouse } from "./warehouse.ts";

/** What was asked on the command line and changes how templates are rendered. */
interface Flags {
  readonly fullRefresh: boolean;
  readonly storeFailures: boolean;
  readonly empty: boolean;
  readonly favorState: boolean;
  readonly failFast: boolean;
  readonly warnError: boolean;
  readonly command: string;
}

/** All that rendering stands on, the same for every node of an invocation. */
export interface World {
  readonly root: Package;
  readonly packages: readonly Package[];
  readonly macros: Macros;
  readonly target: Target;
  readonly environment: Readonly<Record<string, string>>;
  readonly vars: Plain;
  readonly flags: Flags;
  readonly dispatch: ReadonlyMap<string, readonly string[]>;
  readonly warehouse: Warehouse;
  readonly invocationId: string;
  readonly startedAtMs: number;
  /** In a Millwright project the tables live in the lake: sources may be declared elsewhere, and references are checked later. */
  readonly inLake: boolean;
  /** What `log(…, info=true)` and `exceptions.warn` say, once their template is through. */
  readonly tell: (message: Message) => void;
}

export interface Message {
  readonly level: "info" | "debug" | "warn";
  readonly text: string;
}
