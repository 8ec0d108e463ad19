import { useEffect, useRef, useState, type RefObject } from "react";

/** The width in pixels that an element has inside its padding, as it is now. */
export function useWidth(): readonly [RefObject<HTMLDivElement | null>, number] {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (place.current === null) return;
    const resized = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    resized.observe(place.current);
    return () => resized.disconnect();
  }, []);
  return [place, width];
}
