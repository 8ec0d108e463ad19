import { once } from "node:events";
import { resolve } from "node:path";
import { Type } from "@millwright/kernel";
import { writeFileDurably, type Command, type CommandCall } from "@millwright/platform";
import { createStandingReader, projectErrors, renderServiceTypes, typesAreFresh } from "@millwright/project";
import { installation, renewTypes, surfaceOf, typesOf, watchTypes, type Renewal } from "@millwright/server";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { withSession, type Session } from "./session.ts";

const TYPES_FILE = ".mill/generated/types.d.ts";

export const types: Command = {
  name: "types",
  summary: "make the project's types",
  arguments: [],
  options: {
    check: { summary: "change nothing; exit 1 when they are stale" },
    watch: { summary: "go on, and make them again after each save" },
    service: { value: "NAME", summary: "only this service, as a file that stands alone" },
    out: { value: "FILE", summary: "where to write it: .ts with a client, .d.ts with its types alone" },
  },
  example: "mill types --service late-flights --out late-flights.ts",
  isStream: true,
  stays: true,
  output: Type.Object({
    typesFile: Type.Union([Type.String(), Type.Null()], {
      description: "Null where no file was written or looked at.",
    }),
    changed: Type.Boolean(),
    text: Type.Optional(Type.String({ description: "Of --service without --out." })),
    tookMs: Type.Optional(Type.Number({ description: "With --watch: from the save." })),
    error: Type.Optional(Type.Unknown({ description: "With --watch: why a save could not be read, else null." })),
  }),
  handler: (call) => {
    const readAtMs = Date.now();
    return interruptible((signal) =>
      withSession(call, async (session) => {
        const { service, check, watch } = call.options;
        if (typeof service === "string") return serviceFile(call, session, service);
        if (check === true) return requireFresh(call, session);
        const written = await renewTypes(session.project, session.platform);
        call.out.record(written, ({ typesFile, changed }) => `${typesFile}${changed ? "" : " (unchanged)"}`);
        return watch === true ? renewUntilSignal(call, session, { readAtMs, signal }) : 0;
      }),
    );
  },
};

async function serviceFile(call: CommandCall, { project, platform }: Session, name: string): Promise<number> {
  const service = (await surfaceOf(project, platform)).services[name];
  if (service === undefined) throw projectErrors.create("project/unknown", { because: `there is no service ${name}` });
  const { out } = call.options;
  const text = renderServiceTypes({
    name,
    service,
    declarationsOnly: typeof out === "string" && out.endsWith(".d.ts"),
  });
  if (typeof out !== "string") {
    call.out.record({ typesFile: null, changed: false, text }, () => text.trimEnd());
    return 0;
  }
  await writeFileDurably(resolve(out), text);
  call.out.record({ typesFile: out, changed: true }, ({ typesFile }) => typesFile);
  return 0;
}

async function requireFresh(call: CommandCall, { project, platform }: Session): Promise<number> {
  if (!(await typesAreFresh(project.dir, await typesOf(project, platform))))
    throw projectErrors.create("project/types-stale", { because: TYPES_FILE });
  call.out.record({ typesFile: TYPES_FILE, changed: false }, ({ typesFile }) => `${typesFile} is as the project says`);
  return 0;
}

async function renewUntilSignal(
  call: CommandCall,
  { project, platform }: Session,
  { readAtMs, signal }: { readonly readAtMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const { lakehouse, tracking, logger } = platform;
  const onRenewed = (renewal: Renewal) => call.out.record(renewal, inWords);
  const reader = createStandingReader({ projectDir: project.dir, millwrightUrl: installation().millwrightUrl });
  const watching = watchTypes({ project, readAtMs, reader, lakehouse, tracking, logger, onRenewed });
  if (!signal.aborted) await once(signal, "abort");
  await watching.close();
  return INTERRUPTED;
}

function inWords({ changed, tookMs, error }: Renewal): string {
  if (error !== null) return `${error.code}: ${error.detail}`;
  return changed ? `renewed in ${Math.round(tookMs)} ms` : `as they were (${Math.round(tookMs)} ms)`;
}
