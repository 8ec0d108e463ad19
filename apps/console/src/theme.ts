import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "millwright-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function current(): Theme {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

function show(): void {
  document.documentElement.dataset["theme"] = current();
  for (const listener of listeners) listener();
}

system.addEventListener("change", show);
show();

/** The theme that is shown, and a way to take the other one, which this browser remembers. */
export function useTheme(): readonly [Theme, () => void] {
  const theme = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current(),
  );
  const toggle = () => {
    localStorage.setItem(KEY, theme === "dark" ? "light" : "dark");
    show();
  };
  return [theme, toggle];
}
