import type { Prediction, Service } from "@millwright/client";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useState, type FormEvent } from "react";
import { api } from "../api.ts";
import { duration, percent } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Snippet } from "../parts/snippet.tsx";
import { ExplanationBars } from "./explanation-bars.tsx";
import { isNumber, quoted } from "./request-text.ts";

interface Answered {
  readonly prediction: Prediction;
  readonly tookMs: number;
}

/** A form of the service's own request, and its answer. */
export function TryIt({ service }: { readonly service: Service }) {
  const [fields, setFields] = useState<Readonly<Record<string, string>>>(() => textFields(service));
  const [isExplained, setExplained] = useState(true);
  const body = requestBody(service, fields);
  const canExplain = service.model !== null;
  const explaining = canExplain && isExplained && !("parameters" in body) ? { parameters: { explain: true } } : {};
  const ask = useMutation({
    mutationFn: async (): Promise<Answered> => {
      const startedMs = performance.now();
      const prediction = await api.predict({ name: service.name, body: { ...body, ...explaining } });
      return { prediction, tookMs: performance.now() - startedMs };
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="Try it">
          <form className="body" style={{ display: "grid", gap: 10 }} onSubmit={submit}>
            {service.request.map(({ name, type, nullable }) => (
              <label key={name} style={{ display: "grid", gap: 3 }}>
                <span>
                  {name} <span className="muted mono">{nullable ? `${type}, optional` : type}</span>
                </span>
                <input
                  className="field"
                  name={name}
                  inputMode={isNumber(type) ? "decimal" : undefined}
                  value={fields[name] ?? ""}
                  onChange={(event) => setFields({ ...fields, [name]: event.target.value })}
                />
              </label>
            ))}
            {canExplain ? (
              <label style={{ display: "flex", gap: 6, alignItems: "center" }}>
                <input type="checkbox" checked={isExplained} onChange={(event) => setExplained(event.target.checked)} />
                <span>with what each feature adds</span>
              </label>
            ) : null}
            <div>
              <button type="submit" className="button primary" disabled={ask.isPending}>
                {ask.isPending ? "Asking…" : "Predict"}
              </button>
            </div>
          </form>
        </Panel>
        <Panel title="The same from a terminal">
          <div className="body" style={{ display: "grid", gap: 8 }}>
            <Snippet
              text={`npx mill predict ${service.name} ${quoted(body)}${canExplain && isExplained ? " --explain" : ""}`}
            />
            {service.url === null ? null : <Snippet text={`curl -s ${service.url} -d ${quoted(body)}`} />}
          </div>
        </Panel>
      </div>
      <div className="stack">
        <Panel title="Answer">
          <div className="body" aria-live="polite">
            {ask.error === null ? null : <Problem error={ask.error} />}
            {ask.data === undefined ? (
              <p className="muted">Fill in the fields and press Predict; the example is a row of the training's own.</p>
            ) : (
              <AnswerDetails answered={ask.data} model={service.model} />
            )}
          </div>
        </Panel>
        {ask.data?.prediction.explanation === undefined ? null : <Why explanation={ask.data.prediction.explanation} />}
      </div>
    </div>
  );
}

type Explanation = NonNullable<Prediction["explanation"]>;

const SCALES: Readonly<Record<Explanation["scale"], string>> = {
  log_odds: "log odds",
  number: "the number",
  score: "the score of the class",
};

function Why({ explanation: { scale, class: called, ...parts } }: { readonly explanation: Explanation }) {
  const told = called === undefined ? SCALES[scale] : `${SCALES[scale]} ${String(called)}`;
  return <ExplanationBars told={told} {...parts} />;
}

interface AnswerProps {
  readonly answered: Answered;
  /** Null where a function answers. */
  readonly model: string | null;
}

function AnswerDetails({ answered: { prediction, tookMs }, model }: AnswerProps) {
  return (
    <>
      {model === null ? (
        <AnsweredFields prediction={prediction} />
      ) : prediction.probability === undefined ? (
        <Predicted prediction={prediction} />
      ) : (
        <>
          <div style={{ fontSize: 26, fontWeight: 600 }} data-testid="probability">
            {percent(prediction.probability)}
          </div>
          <Bar share={prediction.probability} />
        </>
      )}
      <dl className="facts">
        <dt>prediction</dt>
        <dd className="mono">{prediction.id}</dd>
        {model === null ? null : (
          <>
            <dt>rests on</dt>
            <dd>
              <Link to="/lineage/$name" params={{ name: `model:${model}/${prediction.model_version}` }}>
                the columns of its model
              </Link>
            </dd>
          </>
        )}
        {prediction.variant === undefined ? null : (
          <>
            <dt>variant</dt>
            <dd>{prediction.variant}</dd>
          </>
        )}
        <dt>version</dt>
        <dd>{prediction.model_version}</dd>
        <dt>there and back</dt>
        <dd>{duration(tookMs)}</dd>
      </dl>
    </>
  );
}

/** A number, or the likeliest class with the probability of each, the likeliest first. */
function Predicted({ prediction: { prediction, probabilities = {} } }: { readonly prediction: Prediction }) {
  const classes = Object.entries(probabilities).toSorted(([, a], [, b]) => b - a);
  return (
    <>
      <div style={{ fontSize: 26, fontWeight: 600 }} data-testid="prediction">
        {String(prediction)}
      </div>
      {classes.slice(0, CLASSES_SHOWN).map(([name, share]) => (
        <div key={name}>
          {name} <span className="muted">{percent(share)}</span>
          <Bar share={share} />
        </div>
      ))}
    </>
  );
}

const OWN_FIELDS: ReadonlySet<string> = new Set(["id", "model_name", "model_version"]);

/** What a function has answered, by its own fields. */
function AnsweredFields({ prediction }: { readonly prediction: Prediction }) {
  const fields = Object.entries(prediction).filter(([name]) => !OWN_FIELDS.has(name));
  return (
    <dl className="facts" data-testid="answer">
      {fields.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

const CLASSES_SHOWN = 12;

function Bar({ share }: { readonly share: number }) {
  return (
    <div className="bar" style={{ margin: "6px 0 10px" }}>
      <i style={{ width: `${share * 100}%` }} />
    </div>
  );
}

function textFields({ request, example }: Service): Readonly<Record<string, string>> {
  return Object.fromEntries(
    request.map(({ name }) => {
      const value = example[name];
      return [
        name,
        typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value),
      ];
    }),
  );
}

/** What is sent: numbers as numbers where they are, so that the service's own words tell of what is not. */
function requestBody({ request }: Service, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    request.flatMap(({ name, type, nullable }) => {
      const text = fields[name] ?? "";
      if (nullable && text === "") return [];
      return [[name, isNumber(type) && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text]];
    }),
  );
}
