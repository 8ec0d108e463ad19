import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Opening one changes it, perhaps within one tick of the clock by which files are stamped. */
const DATABASE = /\.db(?:-wal)?$/;

interface Held {
  readonly bytes: Buffer;
  /** Changes whenever the file does. */
  readonly stamp: string;
}

/** A folder that holds one image of a disk after another. What differs is written, whoever has made it differ. */
export class ImageFolder {
  readonly #folder: string;
  #held = new Map<string, Held>();
  #image: ReadonlyMap<string, Buffer> = new Map();

  /** Takes all that is in the folder away. */
  constructor(folder: string) {
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }

  /** False where the image is the one before. Shared memory of SQLite does not outlive the power, and is made anew. */
  hold(files: ReadonlyMap<string, Buffer>): boolean {
    const image = new Map([...files].filter(([path]) => !path.endsWith("-shm")));
    if (isSame(image, this.#image)) return false;
    this.#image = image;
    const folders = new Set([...image.keys()].flatMap((path) => foldersOf(path, this.#folder)));
    for (const entry of readdirSync(this.#folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!image.has(path) && !folders.has(path)) rmSync(path, { recursive: true, force: true });
    }
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    const held = new Map<string, Held>();
    for (const [path, bytes] of image) {
      const present = this.#held.get(path);
      const isHeld = present?.bytes.equals(bytes) === true && stampOf(path) === present.stamp;
      if (!isHeld || DATABASE.test(path)) {
        // As another file: whoever knows one by its inode and times then sees that it is not the same.
        rmSync(path, { force: true });
        writeFileSync(path, bytes);
      }
      held.set(path, { bytes, stamp: stampOf(path) });
    }
    this.#held = held;
    return true;
  }
}

function isSame(one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean {
  if (one.size !== other.size) return false;
  return one.entries().every(([path, bytes]) => other.get(path)?.equals(bytes) === true);
}

function foldersOf(path: string, below: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder.length > below.length; folder = dirname(folder)) folders.unshift(folder);
  return folders;
}

function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "" : `${found.ino} ${found.size} ${found.ctimeNs}`;
}
