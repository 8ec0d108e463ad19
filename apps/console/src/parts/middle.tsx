const END_LETTERS = 7;

/** A name on one line, cut in its middle when it is too long: names differ at their ends more than in between. */
export function Middle({ text }: { readonly text: string }) {
  const at = Math.max(0, text.length - END_LETTERS);
  return (
    <span className="middle" title={text}>
      <span className="unseen">{text}</span>
      <span aria-hidden className="start">
        {text.slice(0, at)}
      </span>
      <span aria-hidden>{text.slice(at)}</span>
    </span>
  );
}

/** A name that may break over lines where its words end. */
export function Breakable({ text }: { readonly text: string }) {
  return (
    <span>
      {text.split(/(?<=[_\-./])/).map((part, index) => (
        <span key={index}>
          {index === 0 ? null : <wbr />}
          {part}
        </span>
      ))}
    </span>
  );
}
