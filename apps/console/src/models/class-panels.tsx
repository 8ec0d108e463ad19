import type { ClassPlots } from "@millwright/client";
import { count, percent } from "../format.ts";
import { Panel } from "../parts/page.tsx";

interface Named {
  readonly name: string;
  readonly plots: ClassPlots;
}

/** Which class is taken for which, and how well each is found: on the test rows. */
export function ClassPanels({ versions }: { readonly versions: readonly Named[] }) {
  const told = (name: string) => (versions.length === 1 ? "" : ` of ${name}`);
  return (
    <>
      {versions.map(({ name, plots }) => (
        <Panel key={`confusion ${name}`} title={`Confusion${told(name)}`}>
          <ConfusionTable plots={plots} />
        </Panel>
      ))}
      {versions.map(({ name, plots }) => (
        <Panel key={`rates ${name}`} title={`Each class${told(name)}`}>
          <RatesTable plots={plots} />
        </Panel>
      ))}
    </>
  );
}

function ConfusionTable({ plots: { rates, confusion } }: Pick<Named, "plots">) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Rows by class and called class">
      <table className="data">
        <thead>
          <tr>
            <th>class \ called</th>
            {rates.map(({ name }) => (
              <th key={name} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rates.map(({ name, rows }, own) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {(confusion[own] ?? []).map((called, other) => (
                <td
                  key={rates[other]?.name}
                  className="number"
                  style={shade(called / Math.max(1, rows), own === other)}
                >
                  {called === 0 ? "" : count(called)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shade(share: number, isRight: boolean) {
  const strength = Math.round(share * (isRight ? 30 : 45));
  return { background: `color-mix(in srgb, var(--${isRight ? "good" : "bad"}) ${strength}%, transparent)` };
}

function RatesTable({ plots: { rates } }: Pick<Named, "plots">) {
  const rate = (value: number | null) => (value === null ? "–" : percent(value));
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Precision and recall of each class">
      <table className="data">
        <thead>
          <tr>
            <th>class</th>
            <th className="number">rows</th>
            <th className="number">precision</th>
            <th className="number">recall</th>
            <th className="number">F1</th>
          </tr>
        </thead>
        <tbody>
          {rates.map(({ name, rows, precision, recall, f1 }) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="number">{count(rows)}</td>
              <td className="number">{rate(precision)}</td>
              <td className="number">{rate(recall)}</td>
              <td className="number">{rate(f1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
