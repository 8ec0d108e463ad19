import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate, type Database, type Protocol } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { openDatabaseFileChecksums } from "../../src/adapters/database-file-checksums.ts";
import { openDatabaseIcebergEntries } from "../../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../../src/adapters/database-table-catalog.ts";
import { openIcebergRestCatalog, type IcebergRestOptions } from "../../src/adapters/iceberg-rest-catalog.ts";
import { openLocalObjectStore } from "../../src/adapters/local-object-store.ts";
import { icebergProtocol, type CatalogWorld } from "../../src/iceberg-http.ts";
import { checkedStore, lakehouseMigrations } from "../../src/index.ts";
import { createTableVersions } from "../../src/testing.ts";

/** What happens to a request: it is answered, or done and not answered, or neither. */
export type Fate = "answered" | "done, then 503" | "done, then silent" | "not done, 503" | "409" | "401";

const CLIENTS = [{ id: "mill", secret: "horse" }];

/** Another catalog as it may be: with a prefix and pages, tokens that end, answers that are lost. */
export class OtherCatalog {
  readonly folder = mkdtempSync(join(tmpdir(), "mill-elsewhere-"));
  readonly asked: string[] = [];
  fateOf: (request: IncomingMessage) => Fate = () => "answered";
  /** What somebody else does before a request is answered. */
  beforeEach: (request: IncomingMessage) => Promise<void> = () => Promise.resolve();
  prefix: string | undefined;
  pageSize: string | undefined;
  nowMs = Date.now();
  readonly clock = { ...systemClock, nowMs: () => this.nowMs };
  /** What it keeps, as whoever is in its house sees it. */
  readonly world: CatalogWorld;
  /** Our own, for checksums. */
  readonly own: Database;
  readonly #database: Database;
  readonly #protocol: Protocol;
  readonly #server: Server;

  static async open(): Promise<OtherCatalog> {
    const other = new OtherCatalog();
    for (const one of [other.#database, other.own]) await migrate(one, [lakehouseMigrations], 0);
    await new Promise<void>((resolve) => other.#server.listen(0, "127.0.0.1", resolve));
    return other;
  }

  private constructor() {
    this.#database = openSqliteDatabase({ path: join(this.folder, "other.db") });
    this.own = openSqliteDatabase({ path: join(this.folder, "own.db") });
    const catalog = openDatabaseTableCatalog({ database: this.#database, ids: systemIds });
    this.world = {
      entries: openDatabaseIcebergEntries({
        database: this.#database,
        clock: systemClock,
        ids: systemIds,
        branch: "main",
      }),
      store: checkedStore(openLocalObjectStore({ root: join(this.folder, "warehouse") }), catalog),
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger,
      changed: () => Promise.resolve(),
    };
    this.#protocol = icebergProtocol({
      name: "other",
      logger: silentLogger,
      clock: this.clock,
      clients: () => CLIENTS,
      world: () => Promise.resolve(this.world),
    });
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/some/where`;
  }

  /** Fails as told the first time alone. */
  once(fate: Fate, when: (request: IncomingMessage) => boolean): void {
    let isLeft = true;
    this.fateOf = (request) => {
      if (!isLeft || !when(request)) return "answered";
      isLeft = false;
      return fate;
    };
  }

  /** It as our engine asks it. */
  async client(change: Partial<IcebergRestOptions> = {}, secret = "horse") {
    const store = openLocalObjectStore({
      root: join(this.folder, "own"),
      further: [join(this.folder, "warehouse")],
    });
    const { url, clock } = this;
    const opened = await openIcebergRestCatalog({
      address: { url, allowsHttp: false, timeoutMs: 5_000, clock, client: { id: "mill", secret } },
      namespace: ["shop"],
      store,
      checksums: openDatabaseFileChecksums({ database: this.own }),
      clock,
      ...change,
    });
    return { ...opened, store, version: createTableVersions({ store, catalog: opened.catalog }) };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    for (const one of [this.#database, this.own]) await one.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const address = new URL(request.url ?? "", this.url);
    this.asked.push(`${request.method} ${address.pathname}`);
    await this.beforeEach(request);
    const fate = this.fateOf(request);
    if (fate === "not done, 503" || fate === "409" || fate === "401")
      return void response.writeHead(fate === "409" ? 409 : fate === "401" ? 401 : 503).end("{}");
    const { pageSize, prefix } = this;
    if (pageSize !== undefined && address.searchParams.has("pageSize")) address.searchParams.set("pageSize", pageSize);
    const reply = await this.#protocol
      .answer({
        method: request.method ?? "",
        path: address.pathname.replace("/some/where", "").replace(prefix === undefined ? "" : `/${prefix}`, ""),
        query: address.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks),
      })
      .catch((error: unknown) => this.#protocol.refuse(error));
    if (fate === "done, then silent") return void response.destroy();
    if (fate === "done, then 503") return void response.writeHead(503).end("{}");
    const isConfig = address.pathname.endsWith("/config");
    const config = { ...(JSON.parse(isConfig ? String(reply.body) : "{}") as object), overrides: { prefix } };
    response.writeHead(reply.status, reply.headers).end(isConfig ? JSON.stringify(config) : reply.body);
  }
}

/** A commit of one table. */
export function isCommit({ method, url: address = "" }: IncomingMessage): boolean {
  return method === "POST" && /\/tables\/[^/]+$/.test(address) && !address.endsWith("/tables/rename");
}
