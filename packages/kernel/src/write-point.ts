/**
 * A named place just before or after something durable is written. In production it does nothing;
 * the fault tests hang a hook there that ends the process, so that every such place is shown to be safe.
 * Names are `area/what/when`, e.g. `lakehouse/commit/before-pointer`.
 */
export function writePoint(name: string): void {
  hook?.(name);
}

let hook: ((name: string) => void) | undefined;

/** Set once by a process's entry, from the environment of a fault test. */
export function onWritePoint(handler: ((name: string) => void) | undefined): void {
  hook = handler;
}
