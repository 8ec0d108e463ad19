import { lazy, Suspense, useEffect, useRef, type ComponentType, type ReactNode } from "react";
import { useLiveRoad } from "../live-road.ts";

/**
 * A component whose code comes when it is wanted. Where it cannot be had, because the control process is down or another
 * build serves the pages now, that is said in its place, and the page is loaded anew as soon as that helps.
 */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>, fallback: ReactNode = null) {
  const settled = () => load().catch((): ComponentType<Props> => NotLoaded);
  const Loaded = lazy(async () => ({ default: await settled() }));
  const Later = (props: Props) => (
    <Suspense fallback={fallback}>
      <Loaded {...props} />
    </Suspense>
  );
  return Object.assign(Later, {
    /** By the router, when a link to it is pointed at. */
    preload: async () => {
      await settled();
    },
  });
}

function NotLoaded() {
  const { lostAtMs } = useLiveRoad();
  const wasLost = useRef(false);
  useEffect(() => {
    if (lostAtMs !== undefined) wasLost.current = true;
    else if (wasLost.current) location.reload();
  }, [lostAtMs]);
  return (
    <div className="empty" role="status">
      <p>This part of the page could not be loaded. It comes when the control process answers again.</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Load anew
      </button>
    </div>
  );
}
