import { registerHooks } from "node:module";

/** Makes a bare name mean one module to all that this thread imports from now on, wherever it is imported from. */
export function mapModule(name: string, target: string): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === name ? { url: target, shortCircuit: true } : next(specifier, context),
  });
}
