import { count } from "../format.ts";
import type { AnsweredTensor } from "./model-answer.ts";

const VALUES_SHOWN = 50;

/** A tensor of an answer: a single value large, others in their order. */
export function TensorTable({ tensor: { name, datatype, shape, data } }: { readonly tensor: AnsweredTensor }) {
  const values = data.flat(Number.POSITIVE_INFINITY);
  const shown = values.slice(0, VALUES_SHOWN).map(told);
  return (
    <div data-testid={`output ${name}`}>
      <div>
        {name}{" "}
        <span className="muted mono">
          {datatype} [{shape.join(", ")}]
        </span>
      </div>
      {shown.length === 1 ? (
        <div className="answer-value">{shown[0]}</div>
      ) : (
        <div className="mono values">
          {shown.join(", ")}
          {values.length > shown.length ? ` … and ${count(values.length - shown.length)} more` : ""}
        </div>
      )}
    </div>
  );
}

function told(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
