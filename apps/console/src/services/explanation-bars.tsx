import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";

const SHOWN = 12;

interface ExplanationBarsProps {
  /** Of what the base and the contributions are parts. */
  readonly told: string;
  readonly base: number;
  /** The largest first. */
  readonly contributions: readonly {
    readonly feature: string;
    readonly value: number | string | null;
    readonly contribution: number;
  }[];
}

/** What each feature added to the answer, the largest first: each bar begins where the one before has ended. */
export function ExplanationBars({ told, base, contributions }: ExplanationBarsProps) {
  const shown = contributions.slice(0, SHOWN);
  const others = contributions.slice(SHOWN);
  const sum = (items: ExplanationBarsProps["contributions"]) =>
    items.reduce((all, { contribution }) => all + contribution, 0);
  const falls = waterfall(base, [...shown.map(({ contribution }) => contribution), sum(others)]);
  return (
    <Panel title="Why">
      <div className="body">
        <p className="muted" style={{ marginTop: 0 }}>
          {told}: {base.toFixed(3)} on average, {(base + sum(contributions)).toFixed(3)} here
        </p>
        <table className="contributions">
          <thead>
            <tr>
              <th>feature</th>
              <th>value</th>
              <th>
                <span className="unseen">from the average to the answer</span>
              </th>
              <th className="number">adds</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ feature, value, contribution }, at) => (
              <tr key={feature}>
                <td className="mono">
                  <Middle text={feature} />
                </td>
                <td className="mono muted">
                  <Middle text={value === null ? "missing" : shortened(value)} />
                </td>
                <td>
                  <Fall fall={falls[at]} />
                </td>
                <td className="number">{signed(contribution)}</td>
              </tr>
            ))}
            {others.length === 0 ? null : (
              <tr>
                <td className="muted" colSpan={2}>
                  {others.length} others
                </td>
                <td>
                  <Fall fall={falls.at(-1)} />
                </td>
                <td className="number">{signed(sum(others))}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** A step from the average towards the answer, as shares of the whole way that is drawn. */
interface Step {
  readonly from: number;
  readonly to: number;
}

/** What is added up, step by step, within the least and the most that it comes to on its way. */
function waterfall(base: number, contributions: readonly number[]): readonly Step[] {
  const sums = [base];
  for (const contribution of contributions) sums.push((sums.at(-1) ?? base) + contribution);
  const [least, most] = [Math.min(...sums), Math.max(...sums)];
  const place = (sum: number) => (most === least ? 0.5 : (sum - least) / (most - least));
  return contributions.map((_, at) => ({ from: place(sums[at] ?? base), to: place(sums[at + 1] ?? base) }));
}

function Fall({ fall }: { readonly fall: Step | undefined }) {
  if (fall === undefined) return null;
  const { from, to } = fall;
  const style = { left: `${Math.min(from, to) * 100}%`, width: `max(1px, ${Math.abs(to - from) * 100}%)` };
  return (
    <span className={to < from ? "fall less" : "fall more"}>
      <i style={style} />
    </span>
  );
}

function shortened(value: number | string): string {
  return typeof value === "string" ? value : String(Number(value.toPrecision(6)));
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
