import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keepFolder, type FolderProcess } from "./folder-process.ts";
import type { FolderReady, HandedTo } from "./folder-main.ts";
import type { KeptProcess } from "./kept-process.ts";
import { portError } from "./port-error.ts";
import type { ServeFolderOptions } from "./serve-folder.ts";

type Shard = KeptProcess<FolderReady>;

const HOST = "127.0.0.1";
/** More take memory before they take work. */
const THREADS_MAX = 8;
const COPIES_BYTES_MAX = 256 * 2 ** 20;
/** Of the memory of a process that is bounded. */
const COPIES_SHARE_MAX = 0.5;
const TOGETHER_MS = 300;
/** One that dies meanwhile is not waited for without end. */
const DRAIN_MS_MAX = 6_000;
/** A connection that came while no process was there is tried again so often, and for so long. */
const [AGAIN_MS, WAITS_MS_MAX] = [50, 10_000];

/**
 * Serves a folder of models in several processes that share its models and are one server to their callers: every connection
 * is let in here and handed to the processes in turn, so that the ports stay this program's whichever process is there.
 */
export async function keepShards(options: ServeFolderOptions, count: number): Promise<FolderProcess> {
  // No other user may enter a folder that is made so.
  const folder = await mkdtemp(join(tmpdir(), "mill-shards-"));
  const shards: Shard[] = [];
  const end = togetherEnd();
  const closeAll = async () => {
    end.begin(shards.filter(({ isReady }) => isReady).length);
    await Promise.all(shards.map((shard) => shard.close()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const each = shareOf(options, count);
    const starts = Array.from({ length: count }, async (_, index) => {
      shards.push(await keepFolder(each, { shard: { index, count, folder }, onDrained: end.drained }));
    });
    const failed = (await Promise.allSettled(starts)).find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    const rest = await listen(shards, { protocol: "rest", port: options.restPort });
    const grpc = await listen(shards, { protocol: "grpc", port: options.grpcPort }).catch((error: unknown) => {
      rest.close();
      throw error;
    });
    return {
      restPort: (rest.address() as AddressInfo).port,
      grpcPort: (grpc.address() as AddressInfo).port,
      models: shards.flatMap(({ ready }) => ready.models).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      get pids() {
        return shards.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
      },
      close: async () => {
        rest.close();
        grpc.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What is for all together is shared evenly: memory for models and for answers, and threads, of which each has one at least. */
function shareOf(options: ServeFolderOptions, count: number): ServeFolderOptions {
  const { onDemand, cacheBytesMax, threads = Math.min(THREADS_MAX, availableParallelism()) } = options;
  const { copiesBytesMax = COPIES_BYTES_MAX } = options;
  const bytesMax = onDemand && Math.floor(onDemand.bytesMax / count);
  return {
    ...options,
    copiesBytesMax: Math.floor(
      Math.min(copiesBytesMax / count, (bytesMax ?? Number.POSITIVE_INFINITY) * COPIES_SHARE_MAX),
    ),
    cacheBytesMax: Math.floor(cacheBytesMax / count),
    threads: threads === 0 ? 0 : Math.max(1, Math.floor(threads / count)),
    onDemand: onDemand && { ...onDemand, bytesMax: bytesMax ?? 0 },
  };
}

interface TogetherEnd {
  /** So many are about to be told to end. */
  begin(count: number): void;
  /** Of one that has answered its own callers: resolves when the others have as well, and need its models no more. */
  readonly drained: () => Promise<void>;
}

function togetherEnd(): TogetherEnd {
  const { promise: allDrained, resolve } = Promise.withResolvers<void>();
  let expected = Number.POSITIVE_INFINITY;
  let drained = 0;
  return {
    begin: (count) => (expected = count),
    drained: async () => {
      drained += 1;
      // Whoever tells a whole group to end tells this program too, a moment before or after.
      if (expected === Number.POSITIVE_INFINITY) await sleep(TOGETHER_MS);
      if (drained >= expected) resolve();
      // One that was told by itself is started again: nobody waits for the others' end.
      if (expected === Number.POSITIVE_INFINITY) drained -= 1;
      else await Promise.race([allDrained, sleep(DRAIN_MS_MAX, undefined, { ref: false })]);
    },
  };
}

async function listen(
  shards: readonly Shard[],
  { protocol, port }: { readonly protocol: HandedTo["handed"]; readonly port: number },
): Promise<Server> {
  let turn = 0;
  const next = () => {
    for (let tries = 0; tries < shards.length; tries += 1) {
      const shard = shards[(turn += 1) % shards.length];
      if (shard?.isReady === true) return shard;
    }
    return undefined;
  };
  const hand = async (connection: Socket): Promise<void> => {
    const untilMs = performance.now() + WAITS_MS_MAX;
    while (performance.now() < untilMs) {
      const given = (await next()?.hand({ handed: protocol } satisfies HandedTo, connection)) ?? false;
      if (given) return;
      await sleep(AGAIN_MS);
    }
    connection.destroy();
  };
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (connection) => {
    connection.on("error", () => connection.destroy());
    void hand(connection);
  });
  server.listen(port, HOST);
  try {
    await once(server, "listening");
  } catch (error) {
    throw portError(error, { host: HOST, port });
  }
  return server;
}
