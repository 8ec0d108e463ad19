import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readModelFolder } from "./model-folder.ts";
import { isReadHere } from "./model-format.ts";
import type { ModelPlaces } from "./model-places.ts";
import { parametersOf, type Parameters } from "./parameters.ts";
import { badRequest, quoted } from "./tensor.ts";

/** Files of a model that the caller of a load brings, by their paths in the model's folder. */
export type GivenFiles = ReadonlyMap<string, Uint8Array>;

const FILE = "file:";
/** A version's file; what leads elsewhere is none. */
const PATH = /^[1-9]\d{0,17}\/[A-Za-z0-9_][\w.-]{0,99}$/;
/** What a network keeps beside its file. */
const DATA = /\.(?:data|bin|onnx_data|weights)$/;

/**
 * The configuration and the files of a load, as Triton's extension of model repositories has them in its parameters: `config`
 * as JSON, and `file:1/model.onnx` by base64 (`bytes` over gRPC). Throws `inference/bad-request`; code comes with no request.
 */
export function givenIn(parameters: Parameters): { readonly config?: string; readonly files?: GivenFiles } {
  const { config } = parameters;
  if (config !== undefined && typeof config !== "string") throw badRequest("`parameters.config` is no text");
  const given = Object.entries(parameters).filter(([name]) => name.startsWith(FILE));
  if (given.length === 0) return config === undefined ? {} : { config };
  if (config === undefined) throw badRequest("files come with a `config`: `{}` where all is as usual");
  return { config, files: new Map(given.map(([name, content]) => fileOf(name.slice(FILE.length), content))) };
}

function fileOf(path: string, content: unknown): readonly [string, Uint8Array] {
  if (!PATH.test(path)) throw badRequest(`${quoted(path)} is no file of a version, as \`file:1/model.onnx\``);
  if (!isReadHere(path) && !DATA.test(path))
    throw badRequest(`${quoted(path)} is not taken from a request: ONNX and trees are, and what runs in Python is not`);
  if (content instanceof Uint8Array) return [path, content];
  if (typeof content !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(content))
    throw badRequest(`the content of ${quoted(path)} is no base64`);
  return [path, Buffer.from(content, "base64")];
}

/** The parameters of a load's body over REST. */
export function givenInBody(body: Readonly<Record<string, unknown>>) {
  return givenIn(parametersOf(body["parameters"]));
}

interface GivenFolder {
  readonly path: string;
  readonly bytes: number;
}

/** Of all models together. */
const BYTES_MAX = 2 ** 30;

/** Models whose files came with a load, in a folder of this process's own; each until it is loaded otherwise or unloaded. */
export class GivenModels implements ModelPlaces {
  readonly #folders = new Map<string, GivenFolder>();

  names = async (): Promise<readonly string[]> => [...this.#folders.keys()].toSorted();
  has = async (name: string): Promise<boolean> => this.#folders.has(name);

  read(name: string, config: string | undefined) {
    return readModelFolder(this.#folders.get(name)?.path ?? "", config);
  }

  /** Has the files stand for the model while it is loaded; where that fails, what stood for it before does so again. */
  async during(name: string, files: GivenFiles | undefined, load: () => Promise<void>): Promise<void> {
    const before = this.#folders.get(name);
    const folder = files === undefined ? undefined : await this.#written(files);
    this.#put(name, folder);
    try {
      await load();
    } catch (error) {
      this.#put(name, before);
      await removed(folder);
      throw error;
    }
    await removed(before);
  }

  async forget(name: string): Promise<void> {
    const folder = this.#folders.get(name);
    this.#folders.delete(name);
    await removed(folder);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#folders.keys()].map((name) => this.forget(name)));
  }

  #put(name: string, folder: GivenFolder | undefined): void {
    if (folder === undefined) this.#folders.delete(name);
    else this.#folders.set(name, folder);
  }

  async #written(files: GivenFiles): Promise<GivenFolder> {
    const bytes = sum([...files.values()].map(({ length }) => length));
    const before = sum([...this.#folders.values()].map((folder) => folder.bytes));
    if (before + bytes > BYTES_MAX)
      throw badRequest(`the files that came with loads would take more than ${BYTES_MAX} bytes: unload some of them`);
    const path = await mkdtemp(join(tmpdir(), "mill-given-"));
    for (const [name, content] of files) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    }
    return { path, bytes };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

async function removed(folder: GivenFolder | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder.path, { recursive: true, force: true });
}
