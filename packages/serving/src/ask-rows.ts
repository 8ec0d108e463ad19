import { isMillError } from "@millwright/kernel";
import type { AnswerTensor } from "./answer.ts";
import { ask, type Asked, type ServicePlaces } from "./ask.ts";
import type { Prediction } from "./service.ts";

type Row = Readonly<Record<string, unknown>>;

export interface AskedRows extends Omit<Asked, "body"> {
  readonly rows: readonly Row[];
  readonly explain: boolean;
}

/**
 * Asks for many rows in few requests: rows of the same fields go together, as columns of the Open Inference Protocol. Each
 * row has its answer or its own refusal in its place: when a request of several is refused, each half is asked again.
 */
export async function askRows(
  places: ServicePlaces,
  { rows, ...asked }: AskedRows,
): Promise<readonly (Prediction | Error)[]> {
  const answers: (Prediction | Error)[] = [];
  for (const alike of runsOfAlike(rows)) answers.push(...(await askAlike(places, { ...asked, rows: alike })));
  return answers;
}

async function askAlike(places: ServicePlaces, asked: AskedRows): Promise<readonly (Prediction | Error)[]> {
  const { rows, explain, ...rest } = asked;
  const [first = {}] = rows;
  const parameters = explain ? { parameters: { explain } } : {};
  try {
    if (rows.length === 1) return [await ask(places, { ...rest, body: { ...first, ...parameters } })];
    const inputs = Object.keys(first).map((name) => ({ name, data: rows.map((row) => row[name]) }));
    const answer: unknown = await ask(places, { ...rest, body: { inputs, ...parameters } });
    return predictionsOf(answer as TensorAnswer, rows.length);
  } catch (error) {
    if (!isMillError(error)) throw error;
    if (rows.length === 1 || error.code === "serving/not-running") return rows.map(() => error);
    const half = Math.ceil(rows.length / 2);
    const head = await askAlike(places, { ...asked, rows: rows.slice(0, half) });
    return [...head, ...(await askAlike(places, { ...asked, rows: rows.slice(half) }))];
  }
}

/** What means something of its own in a request: such a row goes alone, as it is. */
const OWN_MEANING = ["inputs", "parameters"];

function runsOfAlike(rows: readonly Row[]): readonly (readonly Row[])[] {
  const runs: Row[][] = [];
  let before: string | undefined;
  for (const row of rows) {
    const fields = Object.keys(row);
    const alike =
      fields.length === 0 || fields.some((name) => OWN_MEANING.includes(name)) ? undefined : fields.join("\0");
    if (alike === undefined || alike !== before) runs.push([]);
    runs.at(-1)?.push(row);
    before = alike;
  }
  return runs;
}

interface TensorAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly (AnswerTensor & { readonly data: readonly unknown[] })[];
}

function predictionsOf({ model_name, model_version, outputs }: TensorAnswer, count: number): readonly Prediction[] {
  const readers = outputs.map((output) => ({ name: output.name, read: valueReader(output) }));
  return Array.from({ length: count }, (_, row) => {
    const { prediction_id: id, ...answer } = Object.fromEntries(readers.map(({ name, read }) => [name, read(row)]));
    return { id, model_name, model_version, ...answer } as Prediction;
  });
}

/** A row's value of a tensor, as an answer to one row has it. */
function valueReader({ name, data, parameters }: TensorAnswer["outputs"][number]): (row: number) => unknown {
  if (name === "explanation") return (row) => JSON.parse(String(data[row]));
  if (parameters === undefined) return (row) => data[row];
  const classes = (JSON.parse(parameters.classes) as readonly unknown[]).map(String);
  return (row) => Object.fromEntries(classes.map((label, place) => [label, data[row * classes.length + place]]));
}
