import { exactTime } from "./format.ts";
import { reconnect } from "./live-road.ts";

/** Says that what is shown is no longer followed, since when, and how it comes back. */
export function ConnectionLost({ sinceMs }: { readonly sinceMs: number }) {
  return (
    <div className="lost" role="alert">
      <strong>The control process does not answer</strong>
      <p>
        What you see is as it was at {exactTime(sinceMs).slice(11)}. It is asked again every few seconds, and all comes
        back by itself. If it was stopped: <code>npx mill up</code>
      </p>
      <button type="button" className="button" onClick={reconnect}>
        Ask now
      </button>
    </div>
  );
}
