import type { ReactNode } from "react";
import { Snippet } from "./snippet.tsx";

/** What would be here, and the command that makes it. */
export function Empty({ children, command }: { readonly children: ReactNode; readonly command?: string }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {command === undefined ? null : <Snippet text={command} />}
    </div>
  );
}
