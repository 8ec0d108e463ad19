import { useEffect, useRef } from "react";

interface Key {
  readonly key: string;
  readonly withControl?: boolean;
}

/** Does something when a key is pressed; plain keys are left alone while someone types. */
export function useKey({ key, withControl = false }: Key, action: () => void): void {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== key || (event.ctrlKey || event.metaKey) !== withControl) return;
      const typesIn = event.target instanceof HTMLElement && event.target.closest("input, textarea, select") !== null;
      if (typesIn && !withControl) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [key, withControl]);
}
