import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { Type } from "@millwright/kernel";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";

type Applied = Awaited<ReturnType<typeof applied>>;

const servicesApply: Command = {
  name: "services apply",
  summary: "serve what KServe's documents ask for, beside the project's services; kept until it is deleted",
  arguments: [],
  options: {
    file: { short: "f", value: "FILE", summary: "YAML or JSON, several documents too; `-` is standard input" },
    folder: { value: "DIR", summary: "for `mill serve DIR` rather than for a project" },
    "dry-run": { summary: "only say what would be done" },
  },
  example: "mill services apply -f isvc.yaml",
  output: answerOf("applyServices"),
  handler: async (call) => {
    const answer = await applied(call);
    call.out.result(answer, toldApplied);
    const isBad = answer.remarks.some(({ level }) => level === "error");
    const all = answer.services.flatMap((service) => [service, ...service.revisions]);
    return isBad || all.some(({ state }) => state === "UNAVAILABLE") ? 1 : 0;
  },
};

async function applied(call: CommandCall) {
  const { file, folder: serveFolder, "dry-run": dryRun } = call.options;
  if (typeof file !== "string")
    throw platformErrors.create("platform/usage", {
      because: "it is told no file",
      remedy: "Name one, `mill services apply -f isvc.yaml`, or `-f -` for standard input.",
    });
  const documents = file === "-" ? await textOf(process.stdin) : await readText(file);
  const body = {
    documents,
    folder: file === "-" ? process.cwd() : dirname(resolve(file)),
    ...(dryRun === true ? { dryRun } : {}),
  };
  if (typeof serveFolder !== "string") return withApi(call, (api) => api.applyServices({ body }));
  const { applyDocuments } = await import("@millwright/serving/http");
  await requireFolder(serveFolder);
  return applyDocuments({ folder: resolve(serveFolder) }, body);
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw platformErrors.create("platform/usage", {
      because: `${file} cannot be read`,
      remedy: "Name a file of KServe's documents, or `-` for standard input.",
      cause,
    });
  });
}

async function requireFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await stat(folder)).isDirectory()) return;
  throw platformErrors.create("platform/usage", { because: `${folder} is no folder` });
}

/** As `kubectl apply` tells it, with the fields that are ignored or unknown before. */
function toldApplied({ isApplied, services, remarks }: Applied): string {
  const said = remarks.map(
    ({ level, of, path, line, because }) =>
      `${level}  ${of}  line ${line}  ${path === "" ? "" : `${path}: `}${because}`,
  );
  const done = services.flatMap(({ kind, name, change, state, reason, revisions }) => {
    const shares = toldShares(revisions).map((text) => `  ${text}`);
    const how = state === "NOT UP" ? "served once `mill up` or `mill serve` runs" : state.toLowerCase();
    const what = `${kind.toLowerCase()}/${name} ${change}`;
    if (!isApplied) return [`${what} (not applied)`, ...shares];
    // What its revisions say for themselves is said once.
    const isSaid = reason === "" || shares.some((share) => share.includes(reason));
    return [`${what}, ${how}${isSaid ? "" : `: ${reason}`}`, ...shares];
  });
  return [...said, ...done].join("\n");
}

type Revision = Applied["services"][number]["revisions"][number];

/** The models that share a document's requests, where they are several, and those of a repository. */
function toldShares(revisions: readonly Revision[]): readonly string[] {
  return revisions.flatMap((revision) => [
    ...(revisions.length < 2 ? [] : [toldShare(revision)]),
    ...revision.models.map(({ name, state, reason }) => `${name}  ${toldState({ state, reason })}`),
  ]);
}

const INSTEAD: Readonly<Record<Revision["revision"], string>> = {
  "rolled-out": "",
  canary: "; all requests go to the one that is rolled out",
  "latest-created": "; the one that is rolled out goes on",
};

function toldShare({ revision, percent, storageUri, state, reason, models }: Revision): string {
  const share = `${revision}  ${percent} %  ${storageUri}`;
  if (state !== "UNAVAILABLE" || models.length > 0) return share;
  return `${share}  unavailable: ${reason}${INSTEAD[revision]}`;
}

function toldState({ state, reason }: Pick<Revision, "state" | "reason">): string {
  return reason === "" ? state.toLowerCase() : `${state.toLowerCase()}: ${reason}`;
}

const servicesApplied: Command = {
  name: "services applied",
  summary: "what KServe's documents and the project's graphs ask to be served, and how it is",
  arguments: [],
  options: {},
  example: "mill services applied",
  output: answerOf("listAppliedServices"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listAppliedServices(), (all) =>
        textTable(
          ["kind", "name", "state", "from", "address"],
          all.map(({ kind, name, state, reason, storageUri, url, source, revisions }) => [
            kind,
            name,
            toldState({ state, reason }),
            toldShares(revisions).join("; ") || (storageUri ?? source),
            url ?? "not up",
          ]),
        ),
      );
      return 0;
    }),
};

const servicesDelete: Command = {
  name: "services delete",
  summary: "serve an applied document's model or graph no more",
  arguments: ["NAME"],
  options: { kind: { value: "KIND", summary: "where several kinds have the name" } },
  example: "mill services delete iris",
  output: Type.Object({ kind: Type.String(), name: Type.String() }),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { kind: wanted } = call.options;
      const own = (await api.listAppliedServices()).filter((one) => one.name === name && one.source === "applied");
      const [found, ...others] = own.filter(({ kind }) => wanted === undefined || kind === wanted);
      if (found === undefined)
        throw platformErrors.create("platform/usage", {
          because: `nothing was applied as ${name}`,
          remedy: "`mill services applied` lists what was.",
        });
      if (others.length > 0)
        throw platformErrors.create("platform/usage", {
          because: `${own.map(({ kind }) => kind).join(" and ")} are named ${name}`,
          remedy: `Say which: \`mill services delete ${name} --kind ${found.kind}\`.`,
        });
      const deleted = await api.deleteAppliedService({ kind: found.kind, name });
      call.out.result(deleted, ({ kind }) => `${kind.toLowerCase()}/${name} deleted`);
      return 0;
    }),
};

export const appliedServicesCommands: readonly Command[] = [servicesApply, servicesApplied, servicesDelete];
