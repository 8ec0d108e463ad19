import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type KeyboardEvent } from "react";
import { api } from "./api.ts";
import { useLiveRoad } from "./live-road.ts";
import { Sheet } from "./parts/sheet.tsx";

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly href: string;
}

const SHOWN_MAX = 50;

/** Finds anything by a part of its name. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  const found = useFindable()
    .filter(({ name, kind }) => `${name} ${kind}`.toLowerCase().includes(text.toLowerCase()))
    .slice(0, SHOWN_MAX);
  const open = (target: Found | undefined) => {
    if (target === undefined) return;
    onClose();
    void navigate({ href: target.href });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") open(found[chosen]);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    setChosen((at) => Math.max(0, Math.min(found.length - 1, at + step)));
  };
  return (
    <Sheet label="Find" onClose={onClose}>
      <div className="palette">
        <input
          autoFocus
          role="combobox"
          aria-label="Find"
          aria-expanded
          aria-controls="found"
          aria-activedescendant={found.length === 0 ? undefined : `found-${chosen}`}
          placeholder="Find a step, a table, a model, a page…"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
        <ul id="found" role="listbox" aria-label="Found">
          {found.map((target, index) => (
            <li
              key={target.href}
              id={`found-${index}`}
              role="option"
              aria-selected={index === chosen}
              onClick={() => open(target)}
              onMouseMove={() => setChosen(index)}
            >
              <span>{target.name}</span>
              <span className="muted">{target.kind}</span>
            </li>
          ))}
        </ul>
        {found.length === 0 ? <p className="empty">Nothing has “{text}” in its name.</p> : null}
      </div>
    </Sheet>
  );
}

const PAGES: readonly Found[] = [
  { name: "Road", kind: "page", href: "/" },
  { name: "Tables", kind: "page", href: "/tables" },
  { name: "Checks", kind: "page", href: "/checks" },
  { name: "Branches", kind: "page", href: "/branches" },
  { name: "Models", kind: "page", href: "/models" },
  { name: "Services", kind: "page", href: "/services" },
  { name: "Monitors", kind: "page", href: "/monitors" },
  { name: "Lineage", kind: "page", href: "/lineage" },
  { name: "Runs", kind: "page", href: "/runs" },
  { name: "Logs", kind: "page", href: "/logs" },
  { name: "SQL", kind: "page", href: "/sql" },
  { name: "Documentation", kind: "page", href: "/docs" },
];

function useFindable(): readonly Found[] {
  const { road } = useLiveRoad();
  const tables = useQuery({ queryKey: ["table-list", "main"], queryFn: () => api.listTables() });
  const models = useQuery({ queryKey: ["models"], queryFn: () => api.listModels() });
  const branches = useQuery({ queryKey: ["branches"], queryFn: () => api.listBranches() });
  const services = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  const applied = useQuery({ queryKey: ["applied-services"], queryFn: () => api.listAppliedServices() });
  const graphs = applied.data?.filter(({ kind }) => kind === "InferenceGraph");
  const documents = applied.data?.filter(({ kind }) => kind !== "InferenceGraph" && !kind.endsWith("Runtime"));
  const named = (kind: string, path: string, all: readonly { readonly name: string }[] | undefined) =>
    (all ?? []).map(({ name }) => ({ name, kind, href: `/${path}/${encodeURIComponent(name)}` }));
  return [
    ...PAGES,
    ...named("table", "tables", tables.data),
    ...named("model", "models", models.data),
    ...named("branch", "branches", branches.data),
    ...named("service", "services", services.data),
    ...named("inference graph", "services/graphs", graphs),
    ...named("applied model", "services/models", documents),
    ...(road?.nodes ?? []).map(({ id, kind, name }) => ({
      name,
      kind: `step: ${kind.replaceAll("_", " ")}`,
      href: `/?node=${encodeURIComponent(id)}`,
    })),
  ];
}
