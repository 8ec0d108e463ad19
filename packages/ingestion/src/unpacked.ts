import { createReadStream } from "node:fs";
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** What unpacks a file, by its suffix; undefined for one that is not packed. */
export function unpackerOf(path: string): Transform | undefined {
  if (path.toLowerCase().endsWith(".gz")) return createGunzip();
  return path.toLowerCase().endsWith(".zst") ? createZstdDecompress() : undefined;
}

/** A file's first bytes, unpacked; fewer where there are no more, or where the rest cannot be unpacked. */
export async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  const file = createReadStream(path);
  const unpack = unpackerOf(path);
  const bytes: Uint8Array[] = [];
  let length = 0;
  try {
    file.once("error", (error) => unpack?.destroy(error));
    for await (const chunk of unpack === undefined ? file : file.pipe(unpack)) {
      bytes.push(chunk as Uint8Array);
      length += (chunk as Uint8Array).length;
      if (length >= count) break;
    }
  } catch {
    // Its reader tells what is wrong with it.
  } finally {
    file.destroy();
  }
  return Buffer.concat(bytes).subarray(0, count);
}
