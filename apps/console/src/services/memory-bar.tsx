import type { Occupancy } from "@millwright/client";
import { bytes, counted } from "../format.ts";

/** Of the whole, below which a model has no line of its own beside it. */
const THIN = 0.006;

/** What the models take of what they may: the pinned ones together, of the others the largest one by one. */
export function MemoryBar({ occupancy }: { readonly occupancy: Occupancy }) {
  const { bytes: taken, bytesMax, pinnedBytes, largest, modelCount } = occupancy;
  const whole = Math.max(bytesMax ?? 0, taken, 1);
  const single = largest.filter(({ isPinned }) => !isPinned);
  const others = Math.max(0, taken - pinnedBytes - single.reduce((sum, one) => sum + (one.bytes ?? 0), 0));
  const share = (part: number) => ({ width: `${(100 * part) / whole}%` });
  return (
    <div className="stack">
      <div className="memory" role="img" aria-label={labelOf(occupancy)}>
        {pinnedBytes === 0 ? null : (
          <i className="pinned" style={share(pinnedBytes)} title={`pinned: ${bytes(pinnedBytes)}`} />
        )}
        {single.map(({ name, version, bytes: own }) => (
          <i
            key={`${name} ${version}`}
            className={(own ?? 0) < THIN * whole ? "thin" : undefined}
            style={share(own ?? 0)}
            title={`${name}, version ${version}: ${bytes(own)}`}
          />
        ))}
        {others === 0 ? null : <i className="others" style={share(others)} title={`the others: ${bytes(others)}`} />}
      </div>
      <ul className="keys">
        {pinnedBytes === 0 ? null : (
          <li>
            <i className="pinned" /> pinned {bytes(pinnedBytes)}
          </li>
        )}
        <li>
          <i /> while there is room {bytes(taken - pinnedBytes)}
        </li>
        {others === 0 ? null : (
          <li>
            <i className="others" /> {counted(Math.max(0, modelCount - largest.length), "smaller one")} of them{" "}
            {bytes(others)}
          </li>
        )}
        <li>
          <i className="free" /> free {bytes(Math.max(0, whole - taken))}
        </li>
      </ul>
    </div>
  );
}

function labelOf({ bytes: taken, bytesMax, largest }: Occupancy): string {
  const named = largest.slice(0, 5).map(({ name, bytes: own }) => `${name} ${bytes(own)}`);
  return `${bytes(taken)} of ${bytes(bytesMax)} taken; the largest: ${named.join(", ") || "none"}`;
}
