import { ago, exactTime } from "../format.ts";
import { useNow } from "../use-now.ts";

/** How long ago; the exact time on hover. */
export function Ago({ atMs }: { readonly atMs: number | null }) {
  const now = useNow();
  if (atMs === null) return <span className="muted">never</span>;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={exactTime(atMs)}>
      {ago(atMs, now)}
    </time>
  );
}
