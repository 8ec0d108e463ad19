import { registerHooks } from "node:module";

/** Makes `millwright` mean this installation, wherever the project lies and whatever is installed there. */
export function mapMillwright(target: string): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "millwright" ? { url: target, shortCircuit: true } : next(specifier, context),
  });
}
