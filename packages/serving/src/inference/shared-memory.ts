import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { inferenceErrors } from "./errors.ts";
import { quoted } from "./tensor.ts";

/** A part of a segment of system shared memory, under a name of the caller's. */
export interface Region {
  readonly name: string;
  readonly key: string;
  readonly offset: number;
  readonly byte_size: number;
}

/** A stretch of a region, as a tensor's parameters name it. */
export interface RegionPlace {
  readonly region: string;
  readonly offset: number;
  readonly byteSize: number;
}

export interface SharedMemory {
  register(region: Region): void;
  /** Lets go of one region, or of all. */
  unregister(name?: string): void;
  status(name?: string): readonly Region[];
  read(place: RegionPlace): Uint8Array;
  /** Writes at the beginning of the place; what does not fit is refused. */
  write(place: RegionPlace, bytes: Uint8Array): void;
}

interface Opened {
  readonly region: Region;
  readonly file: number;
}

const FOLDER = "/dev/shm";
const REGIONS_MAX = 1_024;
const NAME_LENGTH_MAX = 256;

/**
 * The system shared memory extension: segments of `/dev/shm` that the callers make, read and written by the system's own
 * calls, so that a segment which shrinks meanwhile is an error and not the end of the process.
 */
export function createSharedMemory(): SharedMemory {
  const regions = new Map<string, Opened>();
  const close = (name: string) => {
    const opened = regions.get(name);
    regions.delete(name);
    if (opened !== undefined) closeSync(opened.file);
  };
  return {
    register: (region) => {
      requireRegion(region, regions);
      const file = openSegment(region);
      regions.set(region.name, { region, file });
    },
    unregister: (name) => {
      for (const each of name === undefined ? regions.keys() : [name]) close(each);
    },
    status: (name) => {
      if (name === undefined) return [...regions.values()].map(({ region }) => region);
      return [found(regions, name).region];
    },
    read: (place) => {
      const { file, at } = placeIn(regions, place);
      const bytes = Buffer.alloc(place.byteSize);
      for (let done = 0; done < bytes.length;) {
        const read = readSync(file, bytes, done, bytes.length - done, at + done);
        if (read === 0) throw refused(`the segment of ${quoted(place.region)} has become shorter`);
        done += read;
      }
      return bytes;
    },
    write: (place, bytes) => {
      const { file, at } = placeIn(regions, place);
      if (bytes.length > place.byteSize)
        throw refused(
          `the output has ${bytes.length} bytes, where ${place.byteSize} of ${quoted(place.region)} are for it`,
        );
      if (fstatSync(file).size < at + bytes.length)
        throw refused(`the segment of ${quoted(place.region)} has become shorter`);
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
    },
  };
}

function requireRegion({ name, offset, byte_size }: Region, regions: ReadonlyMap<string, Opened>): void {
  if (name === "" || name.length > NAME_LENGTH_MAX)
    throw refused(`a region's name has 1 to ${NAME_LENGTH_MAX} characters`);
  if (regions.has(name)) throw refused(`a region ${quoted(name)} is registered already`);
  if (regions.size >= REGIONS_MAX) throw refused(`${REGIONS_MAX} regions are registered, which are the most`);
  if (!isSize(offset) || !isSize(byte_size) || byte_size === 0)
    throw refused("offset and byte_size are whole numbers from 0 and 1 on");
}

/** Only a segment itself: no path out of the folder, no link, nothing that blocks. */
function openSegment({ key, offset, byte_size }: Region): number {
  const name = /^\/?([^/\0]{1,255})$/.exec(key)?.[1];
  if (name === undefined || name === "." || name === "..") throw refused(`${quoted(key)} is no name of a segment`);
  let file: number;
  try {
    file = openSync(`${FOLDER}/${name}`, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    throw refused(`the segment ${quoted(key)} cannot be opened`);
  }
  const stat = fstatSync(file);
  if (stat.isFile() && offset + byte_size <= stat.size) return file;
  closeSync(file);
  throw refused(`the segment ${quoted(key)} does not hold ${byte_size} bytes at ${offset}`);
}

function placeIn(regions: ReadonlyMap<string, Opened>, { region: name, offset, byteSize }: RegionPlace) {
  const { file, region } = found(regions, name);
  if (!isSize(offset) || !isSize(byteSize) || offset + byteSize > region.byte_size)
    throw refused(`${byteSize} bytes at ${offset} go beyond the region ${quoted(name)}`);
  return { file, at: region.offset + offset };
}

function found(regions: ReadonlyMap<string, Opened>, name: string): Opened {
  const opened = regions.get(name);
  if (opened === undefined) throw refused(`no region is registered as ${quoted(name)}`);
  return opened;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function refused(because: string): Error {
  return inferenceErrors.create("inference/shared-memory", { because });
}
