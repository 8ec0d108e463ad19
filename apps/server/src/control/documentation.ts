import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@millwright/kernel";
import { platformErrors, route, type Route } from "@millwright/platform";
import { installation } from "../installation.ts";

const DocumentSchema = Type.Object(
  {
    path: Type.String({ description: "Below the documentation's folder: concepts/table.md." }),
    text: Type.String({ description: "Markdown." }),
  },
  { title: "Document" },
);

/** The pages of the documentation, as they lie in this installation. */
export const documentationRoutes: readonly Route[] = [
  route({
    id: "readDocument",
    path: "/api/v1/docs",
    summary: "A page of the documentation.",
    query: Type.Object({ path: Type.String({ maxLength: 200, default: "README.md" }) }),
    response: DocumentSchema,
    handler: async ({ query: { path } }) => {
      const folder = installation().docsFolder;
      // Only what is there by exactly this name: a path is never followed.
      const pages = await Array.fromAsync(glob("**/*.md", { cwd: folder }));
      if (!pages.includes(path))
        throw platformErrors.create("platform/unknown-address", { because: `the documentation has no page ${path}` });
      return { path, text: await readFile(join(folder, path), "utf8") };
    },
  }),
];
