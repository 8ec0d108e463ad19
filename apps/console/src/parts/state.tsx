import type { RoadNode, Run } from "@millwright/client";
import { Icon } from "./icons.tsx";

export type StateName = RoadNode["state"] | Run["state"];

interface StateLook {
  readonly tone: "good" | "warn" | "bad" | "busy" | "idle";
  readonly icon: string;
  readonly word: string;
}

const LOOKS: Readonly<Record<StateName, StateLook>> = {
  done: { tone: "good", icon: "done", word: "done" },
  unchanged: { tone: "good", icon: "done", word: "up to date" },
  warned: { tone: "warn", icon: "warned", word: "warning" },
  failed: { tone: "bad", icon: "failed", word: "failed" },
  running: { tone: "busy", icon: "running", word: "running" },
  waiting: { tone: "idle", icon: "waiting", word: "waiting" },
  blocked: { tone: "idle", icon: "blocked", word: "blocked" },
  cancelled: { tone: "idle", icon: "blocked", word: "cancelled" },
  never: { tone: "idle", icon: "waiting", word: "never run" },
};

export function lookOf(state: StateName): StateLook {
  return LOOKS[state];
}

/** A state by colour, icon and word together; another word where the thing has its own. */
export function State({ state, word: own }: { readonly state: StateName; readonly word?: string }) {
  const { tone, icon, word } = lookOf(state);
  return (
    <span className={`state ${tone}`}>
      <Icon name={icon} size={13} />
      {own ?? word}
    </span>
  );
}
