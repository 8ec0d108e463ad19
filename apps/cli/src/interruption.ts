const END_WITHIN_MS = 1_800;

/** Fires at Ctrl-C; what has not ended soon after is cut off, with the exit code of an interruption. */
export function interruption(): AbortController {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    controller.abort(new Error("interrupted"));
    setTimeout(() => process.exit(130), END_WITHIN_MS).unref();
  });
  return controller;
}
