export { handedConnections } from "./handed-connections.ts";
export { takeSettings, type ServerSettings } from "./peer-answers.ts";
export { startPeerServer } from "./peer-server.ts";
export { createShards, frontSocket, peerSocket, type ShardPlace, type Shards } from "./shards.ts";
