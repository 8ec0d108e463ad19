import { useEffect, useState } from "react";

interface Measured {
  /** Given to the element as its `ref`. */
  readonly place: (element: HTMLDivElement | null) => void;
  readonly element: HTMLDivElement | null;
  /** Of what is inside its padding, in pixels; 0 until it is there. */
  readonly width: number;
}

/** Follows how wide an element is. */
export function useWidth(): Measured {
  const [element, place] = useState<HTMLDivElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element === null) return;
    const resized = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    resized.observe(element);
    return () => resized.disconnect();
  }, [element]);
  return { place, element, width };
}
