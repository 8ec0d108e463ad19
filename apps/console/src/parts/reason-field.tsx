interface ReasonFieldProps {
  readonly reason: string;
  readonly onChange: (reason: string) => void;
}

/** Asks why something is changed. */
export function ReasonField({ reason, onChange }: ReasonFieldProps) {
  return (
    <label className="stack">
      <span>Why? It is kept with the change.</span>
      <textarea
        className="field"
        style={{ height: 64, padding: 8 }}
        required
        maxLength={1_000}
        value={reason}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
