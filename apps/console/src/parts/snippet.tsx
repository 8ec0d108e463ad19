import { useState } from "react";
import { Icon } from "./icons.tsx";

/** A command or a call that can be copied. */
export function Snippet({ text }: { readonly text: string }) {
  return (
    <div className="snippet">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

export function CopyButton({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    });
  };
  return (
    <button type="button" className="button quiet" onClick={copy} aria-label={`${label}: ${text.slice(0, 60)}`}>
      <Icon name={isCopied ? "done" : "copy"} size={14} />
      {isCopied ? "Copied" : label}
    </button>
  );
}
