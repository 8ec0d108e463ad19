import { resolve } from "node:path";
import { platformErrors, type CommandCall } from "@millwright/platform";
import { numberOf } from "./whole-number-option.ts";

const BODY_KILOBYTES = 64;
const BODY_KILOBYTES_MAX = 16 * 2 ** 10;
const LOG_MEGABYTES = 512;
const MODES = ["all", "request", "response"] as const;

/** Options of the payload log; the others are of `--payload-log`. */
export const payloadOptions = {
  "payload-log": { value: "FOLDER", summary: "keep requests and answers there, as JSON lines" },
  "payload-mode": { value: "MODE", summary: "of them all (unless told), request or response" },
  "payload-sampling-fraction": { value: "FRACTION", summary: "which share of them, from 0 to 1 (1)" },
  "payload-body-kilobytes": { value: "NUMBER", summary: `of each body so much at the most (${BODY_KILOBYTES})` },
  "payload-megabytes": {
    value: "NUMBER",
    summary: `of all together; the oldest make room for new ones (${LOG_MEGABYTES})`,
  },
} as const;

/** What is kept of all models whose configuration says nothing else; undefined where nobody asks for it. */
export function payloadLogOf(call: CommandCall) {
  const { "payload-log": folder, "payload-mode": mode = "all" } = call.options;
  const [other] = Object.keys(payloadOptions).filter((name) => name !== "payload-log" && call.options[name]);
  if (folder === undefined && other !== undefined)
    throw usage(`--${other} is of a payload log`, "Say where it lies: `mill serve models --payload-log payloads`.");
  if (typeof folder !== "string") return undefined;
  const known = MODES.find((one) => one === mode);
  if (known === undefined)
    throw usage(`--payload-mode: ${JSON.stringify(mode)} is none of ${MODES.join(", ")}`, "Leave it out for all.");
  const kilobytes = { option: "payload-body-kilobytes", fallback: BODY_KILOBYTES, most: BODY_KILOBYTES_MAX };
  const megabytes = { option: "payload-megabytes", fallback: LOG_MEGABYTES, most: 10_000_000 };
  return {
    folder: resolve(folder),
    totalBytesMax: Math.max(1, numberOf(call, megabytes)) * 2 ** 20,
    defaults: { mode: known, samplingFraction: fractionOf(call), bodyBytesMax: numberOf(call, kilobytes) * 2 ** 10 },
  };
}

function fractionOf({ options: { "payload-sampling-fraction": given = "1" } }: CommandCall): number {
  const fraction = typeof given === "string" && /^\d*\.?\d+$/.test(given) ? Number(given) : Number.NaN;
  if (fraction >= 0 && fraction <= 1) return fraction;
  throw usage(
    `--payload-sampling-fraction: ${JSON.stringify(given)} is no number from 0 to 1`,
    "A tenth of them: `--payload-sampling-fraction 0.1`.",
  );
}

function usage(because: string, remedy: string): Error {
  return platformErrors.create("platform/usage", { because, remedy });
}
