import type { JinjaFunction, JinjaValue } from "../jinja/values.ts";
import { templateNames, type Leavings, type TemplateTask } from "./names.ts";
import { callMacro, renderText, renderValue, type MacroLookup } from "./render.ts";

/** What goes with a rendering beside its task. */
export interface RenderingExtras {
  readonly overrides?: ReadonlyMap<string, JinjaFunction>;
  readonly usesMacro?: (id: string) => void;
}

type Made = TemplateTask & RenderingExtras;

/** Renders a template without asking the database: what it would ask stays unanswered. */
export function parseText(task: Made, template: { readonly text: string; readonly path: string }): string {
  return once(task, (rendering) => renderText(template, rendering));
}

export function parseValue(task: Made, text: string, path: string): JinjaValue {
  return once(task, (rendering) => renderValue(text, rendering, path));
}

export function parseCall(
  task: Made,
  macro: { readonly name: string; readonly package?: string },
  call: { readonly args: readonly JinjaValue[]; readonly named: ReadonlyMap<string, JinjaValue> },
): JinjaValue {
  return once(task, (rendering) => callMacro(macro, call, rendering));
}

/** Renders a template that may ask the database; what it logged is told when it is through. */
export async function executeText(
  task: Made,
  template: { readonly text: string; readonly path: string },
): Promise<string> {
  return repeatedly(task, (rendering) => renderText(template, rendering));
}

export async function executeCall(
  task: Made,
  macro: { readonly name: string; readonly package?: string },
  call: { readonly args: readonly JinjaValue[]; readonly named: ReadonlyMap<string, JinjaValue> },
): Promise<JinjaValue> {
  return repeatedly(task, (rendering) => callMacro(macro, call, rendering));
}

type Rendering = Parameters<typeof renderText>[1];

function once<Result>(task: Made, render: (rendering: Rendering) => Result): Result {
  return render(renderingOf(task, { messages: [], results: new Map() }));
}

async function repeatedly<Result>(task: Made, render: (rendering: Rendering) => Result): Promise<Result> {
  let leavings: Leavings = { messages: [], results: new Map() };
  try {
    return await task.replay.run(
      () => render(renderingOf(task, leavings)),
      () => {
        leavings = { messages: [], results: new Map() };
      },
    );
  } finally {
    for (const message of leavings.messages) task.world.tell(message);
  }
}

function renderingOf(task: Made, leavings: Leavings): Rendering {
  const { world, overrides, usesMacro } = task;
  return {
    world,
    package: task.package,
    names: (macro: MacroLookup) => templateNames(task, leavings, macro),
    ...(overrides === undefined ? {} : { overrides }),
    ...(usesMacro === undefined ? {} : { usesMacro }),
  };
}
