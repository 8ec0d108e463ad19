import { join } from "node:path";

/** Where the log of shadows lies, beside that of the predictions. */
export function shadowFolder(logFolder: string): string {
  return join(logFolder, "shadow");
}

/** Where the log of payloads lies. */
export function payloadFolder(logFolder: string): string {
  return join(logFolder, "payloads");
}
