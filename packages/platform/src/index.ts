export type { Database, Migration, MigrationSet, QueryBuilder } from "./database/database.ts";
export { migrate } from "./database/migrate.ts";
export { bindToFiles, platformMigrations } from "./database/identity.ts";
export { breakSeal, setSeal } from "./database/sqlite-seal.ts";
export { verifySqlite, type SqliteVerdict } from "./database/verify-sqlite.ts";
export { damagedIn, digestFile, readSummed, sha256Of, writeSums, type DamagedFile } from "./checksums.ts";
export {
  explainError,
  runCommands,
  toJson,
  type Command,
  type CommandCall,
  type CommandEntry,
  type Output,
} from "./commands.ts";
export type { CommandInfo, CommandOption } from "./command-line.ts";
export type { Streams } from "./voice.ts";
export { acquireProjectLock, type ProjectLock } from "./project-lock.ts";
export { makeFolder, makeFolderSync } from "./durable-folder.ts";
export { mapIoError, writeFileDurably } from "./durable-file.ts";
export { createFileLogger, redact, type LogLevel } from "./file-logger.ts";
export { createLineLogger } from "./line-logger.ts";
export { textTable } from "./text-table.ts";
export { platformErrors } from "./errors.ts";
export { answerRoute, route, type Answer, type Route } from "./http/route.ts";
export { byteStream, bytesOf, isByteStream, type ByteStream } from "./http/byte-stream.ts";
export type { Protocol, ProtocolReply, ProtocolRequest } from "./http/protocol.ts";
export { isFromLoopback } from "./http/loopback.ts";
export { startHttpServer, type HttpServer } from "./http/server.ts";
export type { EventRoute, ServerEvent } from "./http/event-stream.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { Markup, markup, NOTHING } from "./page/markup.ts";
export { section, table } from "./page/parts.ts";
export { standalonePage } from "./page/standalone-page.ts";
