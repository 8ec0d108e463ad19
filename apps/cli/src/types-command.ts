import { writeFileDurably, type Command } from "@millwright/platform";
import { projectErrors, renderServiceTypes, typesAreFresh, writeTypes } from "@millwright/project";
import { installation, surfaceOf, typesOf } from "@millwright/server";
import Type from "typebox";
import { withSession } from "./session.ts";

export const types: Command = {
  name: "types",
  summary: "make the project's types",
  arguments: [],
  options: {
    check: { summary: "change nothing; exit 1 when they are stale" },
    service: { value: "NAME", summary: "only this service, as a file that stands alone" },
    out: { value: "FILE", summary: "where to write it" },
  },
  example: "mill types --service late-flights --out late-flights.ts",
  output: Type.Object({
    typesFile: Type.Union([Type.String(), Type.Null()], { description: "Null where the text itself is the answer." }),
    changed: Type.Boolean(),
    text: Type.Optional(Type.String()),
  }),
  handler: (call) =>
    withSession(call, async ({ project, platform }) => {
      const { typeRoots, millwrightPath } = installation();
      const { service, out, check: only } = call.options;
      if (typeof service === "string") {
        const found = (await surfaceOf(project, platform.lakehouse)).services[service];
        if (found === undefined)
          throw projectErrors.create("project/unknown", { because: `there is no service ${service}` });
        const text = renderServiceTypes(service, found);
        if (typeof out === "string") {
          await writeFileDurably(out, text);
          call.out.result({ typesFile: out, changed: true }, ({ typesFile }) => typesFile);
        } else call.out.result({ typesFile: null, changed: false, text }, () => text.trimEnd());
        return 0;
      }
      const text = await typesOf(project, platform.lakehouse);
      if (only === true) {
        if (!(await typesAreFresh(project.dir, text)))
          throw projectErrors.create("project/types-stale", { because: ".mill/generated/types.d.ts" });
        call.out.result({ typesFile: ".mill/generated/types.d.ts", changed: false }, () => "the types are fresh");
        return 0;
      }
      const written = await writeTypes(project.dir, text, { millwright: millwrightPath, typeRoots });
      call.out.result(written, ({ typesFile, changed }) => `${typesFile}${changed ? "" : " (unchanged)"}`);
      return 0;
    }),
};
