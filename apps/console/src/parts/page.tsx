import { Link } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** The page of the documentation that says what this is: `concepts/table.md`. */
  readonly docs?: string;
  readonly children: ReactNode;
}

/** A page: its name, what can be done, what it shows. */
export function Page({ title, lead, actions, docs, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Millwright`;
  }, [title]);
  return (
    <main className="page">
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          {lead === undefined ? null : <div className="muted">{lead}</div>}
        </div>
        <div className="row">
          {actions}
          {docs === undefined ? null : (
            <Link to="/docs/$" params={{ _splat: docs }} className="button quiet">
              What is this?
            </Link>
          )}
        </div>
      </div>
      <div className="page-body">{children}</div>
    </main>
  );
}

export function Panel({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
