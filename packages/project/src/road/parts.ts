import type { Clock, IdSource, LineageSink, Logger } from "@millwright/kernel";
import type { OnlineStore } from "@millwright/feature-store";
import type { Lakehouse } from "@millwright/lakehouse";
import type { AlertStore, PostJson } from "@millwright/monitoring";
import type { CheckHistory } from "@millwright/validation";
import type { Tracking } from "@millwright/tracking";
import type { Database } from "@millwright/platform";
import type { TrafficStore } from "@millwright/serving";

/** What the road's steps work with. */
export interface RoadParts {
  readonly lakehouse: Lakehouse;
  readonly database: Database;
  readonly tracking: Tracking;
  /** How the requests of services are shared. */
  readonly traffic: TrafficStore;
  readonly online: OnlineStore;
  readonly lineage: LineageSink;
  readonly checks: CheckHistory;
  readonly alerts: AlertStore;
  /** How alerts leave this machine. */
  readonly post: PostJson;
  /** The values of the variables that definitions name as secrets; they are neither stored nor logged. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly threads: number;
  /** Folders of the project's state. */
  readonly artifactRoot: string;
  readonly scratchFolder: string;
  readonly compiledFolder: string;
  readonly deploymentFile: string;
  readonly onlineStorePath: string;
}
