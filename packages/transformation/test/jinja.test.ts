import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { isMillError } from "@millwright/kernel";
import { globalFunctions } from "../src/jinja/globals.ts";
import { Renderer } from "../src/jinja/renderer.ts";
import { Scope } from "../src/jinja/scope.ts";
import { parseTemplate } from "../src/jinja/parser.ts";
import { fromPlain } from "../src/jinja/values.ts";

function render(source: string, names: Record<string, unknown> = {}): string {
  const scope = new Scope();
  for (const [name, value] of globalFunctions()) scope.set(name, value);
  for (const [name, value] of Object.entries(names)) scope.set(name, fromPlain(value));
  const nodes = parseTemplate(source, "t.sql");
  const renderer = new Renderer();
  renderer.define(nodes, scope);
  return renderer.render(nodes, scope);
}

describe("Jinja as dbt projects use it", () => {
  test.each([
    ["{{ 1 + 2 * 3 }}", "7"],
    ["{{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 3 }}", "3 1 8"],
    ["{{ 'a' ~ 1 ~ none }}", "a1None"],
    ["{% for x in [1, 2, 3] %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}", "1, 2, 3"],
    ["{% for x in [1, 2, 3] if x > 1 %}{{ x }}{% else %}none{% endfor %}", "23"],
    ["{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"],
    ["{%- set ns = namespace(n=0) -%}{% for x in range(3) %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "3"],
    ["{% macro m(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "1z12"],
    ["{% macro w() %}[{{ caller() }}]{% endmacro %}{% call w() %}in{% endcall %}", "[in]"],
    ["{{ 'b,a' .split(',') | sort | join('-') }}", "a-b"],
    ["{{ x is defined }} {{ y is not defined }}", "True True"],
    ["a  {{- 1 -}}  b", "a1b"],
    ["{% raw %}{{ x }}{% endraw %}", "{{ x }}"],
    ["{# gone #}x", "x"],
    ["{{ [1,2,3][1:] }} {{ 'abc'[-1] }}", "[2, 3] c"],
    ["{{ 'a' in ['a'] }} {{ 'z' not in 'abc' }}", "True True"],
    ["{% set t %}block{% endset %}{{ t | upper }}", "BLOCK"],
    ["{{ [{'n': 1}, {'n': 2}] | map(attribute='n') | join }}", "12"],
    ["{% if false %}a{% elif x %}b{% else %}c{% endif %}", "b"],
  ])("%s", (source, expected) => {
    expect(render(source, { x: 5 })).toBe(expected);
  });

  test("an error names its file and line, and the macros on the way", () => {
    const source = "{% macro deep() %}\n{{ missing() }}\n{% endmacro %}\n\n{{ deep() }}";
    expect(() => render(source)).toThrow(
      /t\.sql:2: .missing. is undefined.* \(in macro deep at t\.sql:1, called at t\.sql:5\)/,
    );
    const nested =
      "{% macro deep() %}{{ missing() }}{% endmacro %}\n{% macro outer(x) %}\n{{ deep() }}{% endmacro %}\n{% macro fine() %}{% endmacro %}\n{{\n outer(fine()) }}";
    expect(() => render(nested)).toThrow(
      "(in macro deep at t.sql:1, called at t.sql:3; in macro outer at t.sql:2, called at t.sql:6)",
    );
    expect(() => render("{% if x %}\n")).toThrow(/t\.sql:1: the block `if` is not closed/);
  });

  test("a name never reaches into JavaScript", () => {
    expect(render("{{ x.constructor }}|{{ x.__proto__ }}", { x: "text" })).toBe("|");
  });

  test("garbage ends in an error of the template, quickly", () => {
    const part = fc.constantFrom(
      "{{",
      "}}",
      "{%",
      "%}",
      "if",
      "for x in",
      "endif",
      "endfor",
      "'",
      "(",
      ")",
      "[",
      "|",
      "1",
      "x",
      " ",
      "set x =",
      "{#",
      "#}",
      "~",
      "not",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        try {
          render(parts.join(" "));
        } catch (error) {
          expect(isMillError(error)).toBe(true);
        }
      }),
      { numRuns: inject("full") ? 50_000 : 2_000 },
    );
  });
});
