import type { ServedModel } from "@millwright/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../api.ts";
import { duration } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Snippet } from "../parts/snippet.tsx";
import { ExplanationBars } from "./explanation-bars.tsx";
import { contributionsIn, tensorsIn } from "./model-answer.ts";
import { explainText, fieldsOf, inferText, instanceText, plainRequest, type Written } from "./model-request.ts";
import { TensorTable } from "./tensor-table.tsx";
import { useInMemory } from "./use-in-memory.ts";

interface TryModelProps {
  readonly name: string;
  /** Where it is asked by others; null while nothing is up. */
  readonly url: string | null;
}

/** A form of a served model's own inputs, its answer, and why it is that. */
export function TryModel({ name, url }: TryModelProps) {
  const [isAsked, setAsked] = useState(false);
  const { isThere, isKnown } = useInMemory(name);
  const { data, error } = useQuery({
    queryKey: ["served-model", name],
    queryFn: () => api.showServedModel({ name }),
    // To look at one that is in memory has no other make room.
    enabled: isThere || isAsked,
    retry: false,
  });
  if (data !== undefined) return <Form key={JSON.stringify(data.inputs)} model={data} url={url} />;
  return (
    <Panel title="Try it">
      <div className="body stack">
        {error === null ? null : <Problem error={error} />}
        {isThere || isAsked || !isKnown ? null : (
          <>
            <p className="muted">
              It is not in memory. To load it may have another model make room; the first request to it does the same.
            </p>
            <div>
              <button type="button" className="button" onClick={() => setAsked(true)}>
                Load it, to try it
              </button>
            </div>
          </>
        )}
      </div>
    </Panel>
  );
}

interface Answered {
  readonly answer: string;
  readonly tookMs: number;
}

function Form({ model, url }: { readonly model: ServedModel; readonly url: string | null }) {
  const { name, inputs, explained } = model;
  const [written, setWritten] = useState<Written>(() => plainRequest(inputs));
  const [isExplained, setExplained] = useState(explained.by !== "none");
  const [background, setBackground] = useState(() =>
    explained.by === "asking" && !explained.hasBackground ? `[${instanceText(inputs, plainRequest(inputs))}]` : "",
  );
  const infer = useMutation({
    mutationFn: (request: string) => api.askServedModel({ name, body: { verb: "infer", request } }),
  });
  const explain = useMutation({
    mutationFn: (request: string) => api.askServedModel({ name, body: { verb: "explain", request } }),
  });
  const [explainedOf, setExplainedOf] = useState<readonly string[]>([]);
  const request = inferText(inputs, written);
  const question = explainText(inputs, written, background);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    infer.mutate(request);
    explain.reset();
    if (!isExplained) return;
    setExplainedOf(inputs.flatMap((input) => written[input.name] ?? []));
    explain.mutate(question);
  };
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="Try it">
          <form className="body stack" onSubmit={submit}>
            <Inputs model={model} written={written} onWrite={setWritten} />
            {explained.by === "none" ? (
              <p className="muted">It is not explained: {explained.reason}.</p>
            ) : (
              <label className="row">
                <input type="checkbox" checked={isExplained} onChange={(event) => setExplained(event.target.checked)} />
                <span>with what each feature adds</span>
              </label>
            )}
            {isExplained && explained.by === "asking" ? (
              <Background model={model} background={background} onChange={setBackground} />
            ) : null}
            <div>
              <button type="submit" className="button primary" disabled={infer.isPending || explain.isPending}>
                {infer.isPending || explain.isPending ? "Asking…" : "Ask"}
              </button>
            </div>
          </form>
        </Panel>
        {url === null ? null : (
          <Panel title="The same from a terminal">
            <div className="body stack">
              <Snippet text={`curl -s ${url} -d ${inShell(request)}`} />
              {isExplained ? <Snippet text={`curl -s ${explainUrl(url, name)} -d ${inShell(question)}`} /> : null}
            </div>
          </Panel>
        )}
      </div>
      <div className="stack">
        <Panel title="Answer">
          <div className="body stack" aria-live="polite">
            {infer.error === null ? null : <Problem error={infer.error} />}
            {infer.data !== undefined ? (
              <Answer answered={infer.data} />
            ) : infer.error === null ? (
              <p className="muted">Fill in the inputs and press Ask.</p>
            ) : null}
          </div>
        </Panel>
        {explain.error === null ? null : (
          <Panel title="Why">
            <div className="body">
              <Problem error={explain.error} />
            </div>
          </Panel>
        )}
        {explain.data === undefined ? null : <Why model={model} answer={explain.data.answer} values={explainedOf} />}
      </div>
    </div>
  );
}

interface InputsProps {
  readonly model: ServedModel;
  readonly written: Written;
  readonly onWrite: (written: Written) => void;
}

function Inputs({ model: { inputs }, written, onWrite }: InputsProps) {
  const write = (name: string, at: number, text: string) =>
    onWrite({ ...written, [name]: (written[name] ?? []).map((before, place) => (place === at ? text : before)) });
  const fields = inputs.flatMap(fieldsOf);
  return (
    <div className={fields.length > 4 ? "inputs many" : "inputs"}>
      {fields.map(({ input, at, name, isWhole }) => {
        const common = {
          className: "field",
          value: written[input.name]?.[at] ?? "",
          onChange: (event: { readonly target: { readonly value: string } }) =>
            write(input.name, at, event.target.value),
        };
        return (
          <label key={`${input.name} ${at}`}>
            <span>
              {name} <span className="muted mono">{isWhole ? shapeWords(input) : input.datatype}</span>
            </span>
            {isWhole ? <textarea rows={3} {...common} /> : <input {...common} />}
          </label>
        );
      })}
    </div>
  );
}

function shapeWords({ datatype, shape }: ServedModel["inputs"][number]): string {
  return `${datatype} [${shape.map((size) => (size === -1 ? "any" : size)).join(", ")}], one row as JSON`;
}

interface BackgroundProps {
  readonly model: ServedModel;
  readonly background: string;
  readonly onChange: (background: string) => void;
}

/** Contributions are what a row differs by from other rows: which these are is for a person to say. */
function Background({ model: { explained }, background, onChange }: BackgroundProps) {
  return (
    <label className="stack">
      <span>
        against these rows{" "}
        <span className="muted">
          {explained.hasBackground ? "its own where none are given" : "as JSON; rows that are usual say most"}
        </span>
      </span>
      <textarea className="field mono" rows={3} value={background} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

function Answer({ answered: { answer, tookMs } }: { readonly answered: Answered }) {
  const tensors = tensorsIn(answer);
  return (
    <>
      {tensors.map((tensor) => (
        <TensorTable key={tensor.name} tensor={tensor} />
      ))}
      <p className="muted">there and back {duration(tookMs)}</p>
    </>
  );
}

interface WhyProps {
  readonly model: ServedModel;
  readonly answer: string;
  readonly values: readonly string[];
}

function Why({ model, answer, values }: WhyProps) {
  const [chosen, setChosen] = useState(0);
  const all = contributionsIn(answer, model, values);
  const shown = all[chosen] ?? all[0];
  if (shown === undefined) return null;
  const told = model.explained.by === "model" ? "the sum of its trees" : "its answer";
  return (
    <>
      {all.length === 1 ? null : (
        <label className="row">
          <span className="muted">why of output</span>
          <select className="field" value={chosen} onChange={(event) => setChosen(Number(event.target.value))}>
            {all.map((_, at) => (
              <option key={at} value={at}>
                {at}
              </option>
            ))}
          </select>
        </label>
      )}
      <ExplanationBars told={told} {...shown} />
    </>
  );
}

function explainUrl(url: string, name: string): string {
  return new URL(`/v1/models/${encodeURIComponent(name)}:explain`, url).href;
}

function inShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
