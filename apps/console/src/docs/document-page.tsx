import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "../api.ts";
import { CopyButton } from "../parts/snippet.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { blocksOf, pageOf, spansOf, type Block, type Span } from "./blocks.ts";

const START = "README.md";

/** A page of the documentation, as it came with this installation. */
export function DocumentPage() {
  const { _splat = "" } = useParams({ strict: false });
  const path = _splat === "" ? START : _splat;
  const { hash } = useLocation();
  const { data, error } = useQuery({
    queryKey: ["docs", path],
    queryFn: () => api.readDocument({ path }),
    staleTime: Infinity,
  });
  useEffect(() => {
    if (data !== undefined) document.getElementById(hash)?.scrollIntoView();
  }, [data, hash]);
  const [title, ...blocks] = data === undefined ? [] : blocksOf(data.text);
  return (
    <Page
      title={title?.kind === "heading" ? title.text : "Documentation"}
      actions={
        path === START ? undefined : (
          <Link to="/docs" className="button">
            All pages
          </Link>
        )
      }
    >
      {error === null ? null : <Problem error={error} />}
      <article className="document">
        {blocks.map((block, index) => (
          <Shown key={index} block={block} path={path} />
        ))}
      </article>
    </Page>
  );
}

interface ShownProps {
  readonly block: Block;
  /** Of the page, from which links are followed. */
  readonly path: string;
}

function Shown({ block, path }: ShownProps) {
  switch (block.kind) {
    case "heading": {
      const Heading = block.level <= 2 ? "h2" : "h3";
      return (
        <Heading id={block.id}>
          <Text text={block.text} path={path} />
        </Heading>
      );
    }
    case "paragraph":
      return (
        <p>
          <Text text={block.text} path={path} />
        </p>
      );
    case "code":
      return (
        <div className={block.language === "text" ? "code output" : "code"}>
          <pre className="scroll" tabIndex={0}>
            {block.text}
          </pre>
          {block.language === "text" ? null : <CopyButton text={block.text} />}
        </div>
      );
    case "list":
      return <List {...block} path={path} />;
    case "table":
      return <DocumentTable {...block} path={path} />;
  }
}

function List({ isOrdered, start, items, path }: Extract<Block, { kind: "list" }> & { readonly path: string }) {
  const shown = items.map((item, index) => (
    <li key={index}>
      <Text text={item} path={path} />
    </li>
  ));
  return isOrdered ? <ol start={start}>{shown}</ol> : <ul>{shown}</ul>;
}

function DocumentTable({ head, rows, path }: Extract<Block, { kind: "table" }> & { readonly path: string }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={head.join(", ")}>
      <table className="data">
        {head.some((cell) => cell !== "") ? (
          <thead>
            <tr>
              {head.map((cell, index) => (
                <th key={index}>
                  <Text text={cell} path={path} />
                </th>
              ))}
            </tr>
          </thead>
        ) : null}
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className="wrap">
                  <Text text={cell} path={path} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Text({ text, path }: { readonly text: string; readonly path: string }) {
  return spansOf(text).map((span, index) => <Piece key={index} span={span} path={path} />);
}

function Piece({ span, path }: { readonly span: Span; readonly path: string }) {
  if (span.kind === "link") return <PageLink text={span.text} target={span.target} path={path} />;
  if (span.kind === "code") return <code>{span.text}</code>;
  if (span.kind === "strong") return <strong>{span.text}</strong>;
  return span.kind === "emphasis" ? <em>{span.text}</em> : span.text;
}

interface PageLinkProps {
  readonly text: string;
  readonly target: string;
  readonly path: string;
}

function PageLink({ text, target, path }: PageLinkProps) {
  const page = pageOf(target, path);
  const label = <Text text={text} path={path} />;
  // What is no page lies in the installation's folder and is not served.
  if (page === undefined) return label;
  return (
    <Link to="/docs/$" params={{ _splat: page.path }} {...(page.hash === "" ? {} : { hash: page.hash })}>
      {label}
    </Link>
  );
}
