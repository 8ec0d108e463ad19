/** This release, as `mill --version` tells it. */
export const VERSION = "0.1.0";
