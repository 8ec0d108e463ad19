import type { ReactNode } from "react";
import { Problem } from "./problem.tsx";
import { Sheet } from "./sheet.tsx";

interface ConfirmSheetProps {
  readonly label: string;
  readonly title: string;
  /** What the action will touch. */
  readonly children: ReactNode;
  /** What the button says that does it. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Why nothing can be done keeps the button from being pressed. */
  readonly isPossible?: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is done, and shows what that will touch. */
export function ConfirmSheet(props: ConfirmSheetProps) {
  const { label, title, children, action, isDangerous = false, isPossible = true, isPending, error } = props;
  return (
    <Sheet label={label} onClose={props.onClose}>
      <div className="menu">
        <h2>{title}</h2>
        {children}
        {error === null ? null : <Problem error={error} />}
        <div className="row">
          <button
            type="button"
            className={`button ${isDangerous ? "danger" : "primary"}`}
            disabled={isPending || !isPossible}
            onClick={props.onConfirm}
          >
            {action}
          </button>
          <button type="button" className="button" onClick={props.onClose}>
            Leave it
          </button>
        </div>
      </div>
    </Sheet>
  );
}
