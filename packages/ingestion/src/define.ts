// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export { defineSource, type SourceDefinition } from "./source.ts";
