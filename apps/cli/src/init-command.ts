import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { kernelErrors, Type } from "@millwright/kernel";
import { textTable, type Command, type CommandCall } from "@millwright/platform";
import {
  initOwnData,
  initProject,
  type InitOwnDataResult,
  type InitResult,
  type ToldGuesses,
} from "@millwright/project";
import { installation, withFileEngine } from "@millwright/server";

export const init: Command = {
  name: "init",
  summary: "a new project from a template, or from a file of your own",
  arguments: ["DIR"],
  options: {
    template: { value: "NAME", summary: "flights, csv (a small file, each step explained), or empty (default)" },
    from: { value: "FILE", summary: "a CSV, TSV, JSON lines or Parquet file: guesses what to learn, and writes it" },
    label: { value: "COLUMN", summary: "with --from: what is to be predicted" },
    time: { value: "COLUMN", summary: "with --from: when each row was" },
    key: { value: "COLUMN", summary: "with --from: what names a row, or the thing that many rows are about" },
    delimiter: { value: "CHARACTER", summary: "with --from: what is between fields, where it is not seen" },
    encoding: { value: "NAME", summary: "with --from: such as windows-1252, where it is not seen" },
    "no-install": { summary: "do not fetch the packages that hold the template's data" },
  },
  example: "mill init shop --from sales.csv",
  output: Type.Object({
    projectDir: Type.String(),
    name: Type.String(),
    template: Type.String(),
    files: Type.Array(Type.String()),
    packages: Type.Array(Type.String(), { description: "What its data and code come in: name@version." }),
    installed: Type.Boolean(),
    from: Type.Optional(Type.String({ description: "The file that it was made from." })),
    rows: Type.Optional(Type.Integer({ description: "Of the file." })),
    guesses: Type.Optional(
      Type.Object({
        roles: Type.Array(
          Type.Object({
            what: Type.String({
              description: "label, task, time, key or split; rows, where lines of the file are in none.",
            }),
            value: Type.Union([Type.String(), Type.Null()]),
            why: Type.String(),
            option: Type.Optional(Type.String({ description: "Says otherwise." })),
          }),
        ),
        columns: Type.Array(
          Type.Object({
            column: Type.String(),
            as: Type.String({ description: "Its name in the cleaned table." }),
            type: Type.String(),
            role: Type.String({ description: "label, time, key, feature or left out." }),
            why: Type.String(),
          }),
        ),
      }),
    ),
  }),
  handler: async (call) => {
    const made: InitResult & Partial<Pick<InitOwnDataResult, "guesses">> =
      typeof call.options["from"] === "string" ? await fromFile(call, call.options["from"]) : await fromTemplate(call);
    const { "no-install": noInstall } = call.options;
    const installed = made.packages.length > 0 && noInstall !== true ? await installPackages(made.projectDir) : true;
    call.out.result({ ...made, installed }, () =>
      [
        `${made.name}: ${made.files.length} files in ${made.projectDir}`,
        ...(made.guesses === undefined ? [] : ["", told(made.guesses), ""]),
        ...(installed
          ? []
          : [`its data could not be fetched: run \`npm install --ignore-scripts\` in ${made.projectDir}`]),
        `next: cd ${call.arguments[0] ?? ""} && npx mill run`,
      ].join("\n"),
    );
    return 0;
  },
};

const OF_FILES = ["label", "time", "key", "delimiter", "encoding"] as const;

function fromTemplate({ options, arguments: [targetDir = ""] }: CommandCall): Promise<InitResult> {
  const stray = OF_FILES.find((name) => options[name] !== undefined);
  if (stray !== undefined)
    throw kernelErrors.create("kernel/invalid", {
      because: `--${stray} says something of a file, and there is none`,
      remedy: "Name the file: `mill init DIR --from FILE`.",
    });
  const { template = "empty" } = options;
  return initProject({
    targetDir,
    template: String(template),
    templates: installation().templates,
    packageFolder: installation().packageFolder,
  });
}

function fromFile(
  { options, arguments: [targetDir = ""], out }: CommandCall,
  from: string,
): Promise<InitOwnDataResult> {
  const path = resolve(from);
  const said = Object.fromEntries(
    (["label", "time", "key"] as const).flatMap((name) =>
      typeof options[name] === "string" ? [[name, options[name]]] : [],
    ),
  );
  const hints = Object.fromEntries(
    (["delimiter", "encoding"] as const).flatMap((name) =>
      typeof options[name] === "string" ? [[name, options[name]]] : [],
    ),
  );
  out.working(() => `looking at ${from}`);
  return withFileEngine(path, (engine, scratchFolder) =>
    initOwnData(engine, {
      targetDir,
      path,
      scratchFolder,
      packageFolder: installation().packageFolder,
      hints,
      ...said,
    }),
  ).finally(() => out.working(undefined));
}

/** The guesses as a person reads them: roles with the option that says otherwise, then every column. */
function told({ roles, columns }: ToldGuesses): string {
  const guessed = roles.map(({ what, value, why, option = "" }) => [what, value ?? "none", why, option]);
  const each = columns.map(({ column, as, role, why }) => [column, as, role, why]);
  return [
    textTable(["guessed", "", "because", "or say"], guessed),
    "",
    textTable(["column", "as", "role", "because"], each),
  ].join("\n");
}

/** What the template's data comes in. No installed code runs. */
async function installPackages(projectDir: string): Promise<boolean> {
  try {
    await promisify(execFile)("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: projectDir,
      timeout: 300_000,
    });
    return true;
  } catch {
    return false;
  }
}
