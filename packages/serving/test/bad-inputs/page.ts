import type { Said } from "./ask.ts";
import peers from "./peers.json" with { type: "json" };
import { badInputs } from "./rows.ts";

/** The others whose answers were recorded, by what was sent. */
const COLUMNS: Readonly<Record<string, readonly (keyof typeof VERSIONS)[]>> = {
  "KServe v1": ["KServe"],
  "MLflow scoring": ["MLflow"],
};
const EACH = ["KServe", "MLServer"] as const;
const VERSIONS = { KServe: "KServe 0.21.0", MLServer: "MLServer 1.7.1", MLflow: "MLflow 3.17.2" };

const INTRODUCTION = `<!-- Made by packages/serving/test/bad-inputs.test.ts: \`npm test -- packages/serving/test/bad-inputs.test.ts --update\`. -->

# Bad inputs

What \`mill serve\` answers to what nobody should send, beside what KServe's server, MLServer and MLflow's scoring server were seen to answer to the same bytes. A test sends each row, holds the status and the code, and asks once more to see that the server answers as before.

- Every refusal over HTTP is JSON: \`error\` as the Open Inference Protocol has it, and \`code\`, \`title\`, \`detail\`, \`remedy\` and \`status\` besides ([errors](errors.md)). Over gRPC the status's words are the same sentence.
- What a caller can mend is 4xx, and INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION or RESOURCE_EXHAUSTED. UNAVAILABLE, 503 and 504 are what may be asked again; 500 and INTERNAL would be our own defects.
- Triton answers 500 to JSON that it cannot read, where this table has 400, and is ended by a tensor of 2^40 rows; KServe answers 503 for a model that is registered and not ready, where this table has 409.
- Bodies here are of 1 MiB at the most, headers come within 0.2 s and requests within 0.3 s, so that the test is short; the command's own limits are 64 MB, 10 s and 30 s. The others' limits are their own: KServe's and MLServer's HTTP has none for a body or its time.
- The models are \`echo\`, which answers with its inputs \`TAG\` (INT64), \`TEXT\` (BYTES) and \`REAL\` (FP32), each of [rows, 2], \`slow\`, the same after 0.3 s, and \`idle\`, which is unloaded. The others run the same as ONNX.
`;

/** The reference page: of each row what we answered now, and what the others were seen to answer. */
export function badInputsPage(found: ReadonlyMap<string, Said>): string {
  const sections = Object.entries(badInputs).map(([group, rows]) => {
    const columns = COLUMNS[group] ?? EACH;
    const head = ["sent", "Millwright", ...columns.map((name) => VERSIONS[name])];
    const lines = rows.map(({ name, status, code }) => {
      const key = `${group}: ${name}`;
      const seen: Readonly<Record<string, string>> = (peers as Record<string, Record<string, string>>)[key] ?? {};
      const own = [`**${status}**`, code === undefined ? "" : `\`${code}\``, detailOf(found.get(key))];
      return row([
        name,
        own.filter((part) => part !== "").join(" "),
        ...columns.map((peer) => cell(seen[peer] ?? "–")),
      ]);
    });
    return [`## ${group}`, "", row(head), row(head.map(() => "---")), ...lines].join("\n");
  });
  return `${INTRODUCTION}\n${sections.join("\n\n")}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

const LENGTH_MAX = 140;

/** What the answer says besides its title. */
function detailOf(said: Said | undefined): string {
  const text = said?.text ?? "";
  const detail = text.startsWith("{") ? (JSON.parse(text) as { readonly detail?: string }).detail : text;
  return cell((detail ?? "").replace(/^[^:]*: /, text.startsWith("{") ? "$&" : ""));
}

function cell(text: string): string {
  const plain = text.replaceAll("|", "/").replaceAll(/\s+/g, " ").replaceAll("<", "&lt;");
  return plain.length > LENGTH_MAX ? `${plain.slice(0, LENGTH_MAX)}…` : plain;
}
