import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { millJson } from "./support/project.ts";

// Checks over time: what each found whenever it ran, and the rows that failed.

let projectDir: string;
const sales = (rows: readonly string[]) =>
  writeFileSync(join(projectDir, "data", "sales.csv"), `id,amount\n${rows.join("\n")}\n`);

beforeAll(() => {
  projectDir = mkdtempSync(join(tmpdir(), "mill-checks-"));
  for (const folder of ["data", "sources", "checks"]) mkdirSync(join(projectDir, folder));
  writeFileSync(
    join(projectDir, "millwright.ts"),
    'import { defineProject } from "millwright";\nexport default defineProject({ name: "shop" });\n',
  );
  writeFileSync(
    join(projectDir, "sources", "sales.ts"),
    'import { defineSource } from "millwright";\nexport const sales = defineSource({ name: "sales", path: "data/sales.csv", columns: { id: "long", amount: "double" } });\n',
  );
  writeFileSync(
    join(projectDir, "checks", "sales.ts"),
    `import { defineChecks, table } from "millwright";
export const salesHold = defineChecks({
  name: "sales_hold",
  table: table("sales"),
  keepFailures: true,
  checks: [
    { check: "unique", columns: ["id"] },
    { check: "between", column: "amount", min: 0, where: "id < 100", severity: "warning" },
  ],
});
`,
  );
});

afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

const run = () => millJson(["run", "--project", projectDir]) as { readonly state: string };

test("each run's results are kept, with the rows that failed last", () => {
  sales(["1,5", "2,6", "200,-1"]);
  expect(run().state).toBe("done");
  sales(["1,5", "1,6", "3,-2", "200,-1"]);
  expect(run().state).toBe("failed");
  const history = millJson(["checks", "show", "sales", "--project", projectDir]) as readonly Record<string, unknown>[];
  expect(history.map(({ check, passed, observed, severity }) => [check, passed, observed, severity])).toEqual([
    ["between(amount)", false, 1, "warning"],
    ["unique(id)", false, 2, "error"],
    ["between(amount)", true, 0, "warning"],
    ["unique(id)", true, 0, "error"],
  ]);
  const last = millJson(["checks", "list", "--project", projectDir]);
  expect(last).toEqual(history.slice(0, 2));
  const query = "select failed_check, id, amount from sales_hold_failures order by id, amount";
  expect(millJson(["sql", query, "--project", projectDir])).toMatchObject({
    rows: [
      ["unique(id)", 1, 5],
      ["unique(id)", 1, 6],
      ["between(amount)", 3, -2],
    ],
  });
  const file = join(projectDir, "checks.html");
  expect(millJson(["checks", "report", "sales", "--out", file, "--project", projectDir])).toMatchObject({ file });
  const page = readFileSync(file, "utf8");
  expect(page).toContain("unique(id)");
  expect(page.match(/class="(?:good|bad|warn)" x=/g)).toHaveLength(4);
  expect(page).not.toContain("<script");
});
