import { once } from "node:events";
import { rm, rmdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createRest, startGrpc } from "@millwright/serving/inference";
import {
  createShards,
  frontSocket,
  handedConnections,
  peerSocket,
  startPeerServer,
  takeSettings,
  type ServerSettings,
  type ShardPlace,
  type Shards,
} from "@millwright/serving/shards";
import {
  DRAIN_MS_MAX,
  HOST,
  mayAsk,
  openFolder,
  payloadFolder,
  type FolderServing,
  type ServeFolderOptions,
} from "./serve-folder.ts";

export interface ServeShardOptions extends Omit<ServeFolderOptions, "restPort" | "grpcPort"> {
  readonly shard: ShardPlace;
  /** Told when callers have been answered for the last time; resolves when the other processes have come so far. */
  readonly onDrained: () => Promise<void>;
}

/** One of several processes that serve a folder together. Connections are handed to it, by protocol. */
export interface ShardServing extends Pick<FolderServing, "models" | "close"> {
  take(protocol: "rest" | "grpc", connection: Socket): void;
}

/** Serves the models of a folder that are this process's, and has the others answer for theirs. */
export async function serveShard({ shard, onDrained, ...options }: ServeShardOptions): Promise<ShardServing> {
  const { logger, bodyBytesMax } = options;
  let shards: Shards | undefined;
  const mine = { ...options, payloadLog: payloadsOf(options, shard) };
  const { server: own, models, close } = await openFolder(mine, (names) => (shards = createShards(shard, names)));
  const whole = { ...own, shards };
  const rest = createRest(whole, { bodyBytesMax, logger, mayAsk });
  const front = frontSocket(shard);
  await rm(front, { force: true });
  rest.listen(front);
  await once(rest, "listening");
  const handed = handedConnections(rest);
  const grpc = await startGrpc(whole, { host: HOST, port: undefined, bodyBytesMax, logger });
  const socketPath = peerSocket(shard, shard.index);
  const answerGrpc = grpc.answerPeer.bind(grpc, own);
  const peers = await startPeerServer(own, { socketPath, bodyBytesMax, logger, grpc: answerGrpc });
  const [settings] = ((await shards?.askAll("settings")) ?? []).filter((one) => one !== undefined);
  if (settings !== undefined) takeSettings(own, settings as ServerSettings, logger);
  return {
    models: () => models.index(),
    take: (protocol, connection) => (protocol === "rest" ? handed.take(connection) : grpc.take(connection)),
    close: async () => {
      await Promise.all([handed.drain(DRAIN_MS_MAX), grpc.close(DRAIN_MS_MAX)]);
      // Their callers may still wait for models that are here.
      await onDrained();
      shards?.close();
      await peers.close();
      await close();
      // Of the last process, the folder goes too.
      await rmdir(shard.folder).catch(() => undefined);
    },
  };
}

/** A log has one writer: each process has a folder of its own in it. */
function payloadsOf(
  { folder, payloadLog }: Pick<ServeFolderOptions, "folder" | "payloadLog">,
  { index, count }: ShardPlace,
): ServeFolderOptions["payloadLog"] {
  const whole = payloadFolder({ folder, payloadLog });
  if (whole === undefined) return payloadLog;
  const totalBytesMax = payloadLog?.totalBytesMax;
  const share = totalBytesMax === undefined ? {} : { totalBytesMax: Math.ceil(totalBytesMax / count) };
  return { ...payloadLog, ...share, folder: join(whole, `process-${index}`) };
}
