import { appendFileSync } from "node:fs";
import { onWritePoint } from "@millwright/kernel";

/**
 * For the fault tests: `MILL_KILL_AT=name#count` ends this process, without any farewell, when it passes a write point
 * for the nth time; `MILL_WRITE_POINTS_LOG=FILE` records the points passed. Neither does anything else.
 */
export function armWritePoints(environment: Readonly<Record<string, string | undefined>>): void {
  const { MILL_KILL_AT: killAt, MILL_WRITE_POINTS_LOG: log } = environment;
  if (killAt === undefined && log === undefined) return;
  const [name = "", count = "1"] = (killAt ?? "").split("#");
  let passed = 0;
  onWritePoint((point) => {
    if (log !== undefined) appendFileSync(log, `${point}\n`);
    if (point !== name) return;
    passed += 1;
    if (passed === Number(count)) process.kill(process.pid, "SIGKILL");
  });
}
