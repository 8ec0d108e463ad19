import { expect, test } from "vitest";
import { importsOf } from "./imports.ts";

const specifiers = (text: string) => importsOf("example.ts", text).map(({ specifier }) => specifier);

test("finds each way to name a module, over several lines and with any quotes", () => {
  const text = `
    import 'bare';
    import one, {
      type Two,
      // from "a comment"
    } from 'many-lines'; import { three } from "same-line";
    import type { Four } from "types-only";
    export * from "star"; export { five } from "named"; export type { Six } from "named-types";
    const seven = await import(\`template\`), eight = await import('dynamic');
    type Nine = import("type-of").Nine;
    import ten = require("equals");
    const eleven = require("required"), twelve = require.resolve("resolved"), thirteen = import.meta.resolve("meta");
    vi.mock("mocked");`;
  const expected =
    "bare many-lines same-line types-only star named named-types template dynamic type-of equals required resolved meta mocked";
  expect(specifiers(text).toSorted()).toEqual(expected.split(" ").toSorted());
});

test("takes no text for an import, and leaves out what is only known at run time", () => {
  const text = `
    // import "comment";
    const help = 'import { x } from "text"';
    const page = \`import("in-a-template")\`;
    await import(name); await import(\`./\${name}.ts\`); path.resolve("folder"); export const local = 1;`;
  expect(specifiers(text)).toEqual([]);
});

test("tells the line, reads TSX, and refuses what does not parse", () => {
  expect(importsOf("a.tsx", `\nimport "x";\nexport const y = <b />;\n`)).toEqual([{ specifier: "x", line: 2 }]);
  expect(() => importsOf("a.ts", "import from;")).toThrow("does not parse");
});
