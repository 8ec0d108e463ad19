import type { BranchChange } from "@millwright/client";
import { State } from "../parts/state.tsx";

/** Whether a branch can be published. */
export function Standing({ changes }: { readonly changes: readonly BranchChange[] }) {
  const conflicts = changes.filter(({ isConflict }) => isConflict).length;
  if (changes.length === 0) return <State state="unchanged" word="as main" />;
  if (conflicts === 0) return <State state="done" word="can be published" />;
  return <State state="blocked" word={`main has changed ${conflicts} of them too`} />;
}
