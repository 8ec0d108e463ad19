import { platformErrors, type CommandCall } from "@millwright/platform";

/** A whole number from 0 on, as an option, else a variable, says it. Throws `platform/usage`. */
export function numberOf(
  { options }: CommandCall,
  {
    option,
    variable,
    fallback,
    most,
  }: { readonly option: string; readonly variable?: string; readonly fallback: number; readonly most: number },
): number {
  const given = options[option] ?? (variable === undefined ? undefined : process.env[variable]) ?? String(fallback);
  const number = Number(given);
  if (typeof given === "string" && /^\d+$/.test(given) && number <= most) return number;
  throw platformErrors.create("platform/usage", {
    because: `--${option}: ${JSON.stringify(given)} is no number from 0 to ${most}`,
    remedy: "Write it as in `mill serve models --port 8080`.",
  });
}
