import type { Traffic } from "@millwright/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api } from "../api.ts";
import { Problem } from "../parts/problem.tsx";
import { ReasonField } from "../parts/reason-field.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { leftOver, withShare, type Share } from "./weights.ts";

interface ChangeTrafficProps {
  readonly traffic: Traffic;
  readonly model: string;
  readonly onClose: () => void;
}

/** Sliders for the shares of the versions, and the ways to end: with the new one, or with the one before. Each asks for a reason. */
export function ChangeTraffic({ traffic, model, onClose }: ChangeTrafficProps) {
  const { service, primary, variants } = traffic;
  const [others, setOthers] = useState<readonly Share[]>(() =>
    variants.filter(({ name }) => name !== primary).map(({ name, weight }) => ({ name, percent: weight })),
  );
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const by = "console";
  const change = useMutation({
    mutationFn: async (what: "set" | "promote" | "rollback") => {
      if (what === "promote") return api.promoteVariant({ name: service, body: { by, reason } });
      if (what === "rollback") return api.rollbackTraffic({ name: service, body: { by, reason } });
      const weights = Object.fromEntries(others.map(({ name, percent }) => [name, percent]));
      return api.setTraffic({ name: service, body: { by, reason, weights } });
    },
    onSuccess: async () => {
      await Promise.all(["traffic", "services", "models"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
      onClose();
    },
  });
  const isPossible = reason.trim() !== "" && !change.isPending;
  const shared = variants.filter(({ name, share }) => name !== primary && share > 0);
  return (
    <Sheet label={`Change the traffic of ${service}`} onClose={onClose}>
      <form
        className="menu"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate("set");
        }}
      >
        <h2>Who answers {service}</h2>
        <Own name={primary} percent={leftOver(others)} />
        {others.map((share) => (
          <Slider
            key={share.name}
            share={share}
            onChange={(percent) => setOthers(withShare(others, { ...share, percent }))}
          />
        ))}
        <AddVersion
          model={model}
          taken={[primary, ...others.map(({ name }) => name)]}
          onAdd={(name) => setOthers([...others, { name, percent: 0 }])}
        />
        <p className="muted">
          A caller who is with a version stays with it while its share grows. Requests under way are answered by the
          version that they went to; none fails.
        </p>
        {change.error === null ? null : <Problem error={change.error} />}
        <ReasonField reason={reason} onChange={setReason} />
        <div className="row">
          <button type="submit" className="button primary" disabled={!isPossible}>
            Share so
          </button>
          {shared.length === 1 ? (
            <button type="button" className="button" disabled={!isPossible} onClick={() => change.mutate("promote")}>
              Promote {shared[0]?.name}
            </button>
          ) : null}
          {shared.length > 0 ? (
            <button
              type="button"
              className="button danger"
              disabled={!isPossible}
              onClick={() => change.mutate("rollback")}
            >
              All back to {primary}
            </button>
          ) : null}
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Sheet>
  );
}

function Own({ name, percent }: { readonly name: string; readonly percent: number }) {
  return (
    <div className="share">
      <span>{name}</span>
      <div className="bar">
        <i style={{ width: `${percent}%` }} />
      </div>
      <output>{percent}%</output>
    </div>
  );
}

function Slider({ share, onChange }: { readonly share: Share; readonly onChange: (percent: number) => void }) {
  const id = useId();
  return (
    <div className="share">
      <label htmlFor={id}>{share.name}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={100}
        step={1}
        value={share.percent}
        aria-valuetext={`${share.percent} percent`}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output htmlFor={id}>{share.percent}%</output>
    </div>
  );
}

interface AddVersionProps {
  readonly model: string;
  readonly taken: readonly string[];
  readonly onAdd: (name: string) => void;
}

/** The model's aliases and versions that have no slider yet. */
function AddVersion({ model, taken, onAdd }: AddVersionProps) {
  const { data } = useQuery({ queryKey: ["models", model], queryFn: () => api.listModelVersions({ name: model }) });
  const names = (data ?? []).flatMap(({ version, aliases }) =>
    [...aliases, String(version)].map((name) => ({
      name,
      told: name === String(version) ? `version ${name}` : `${name}, version ${version}`,
    })),
  );
  const free = names.filter(({ name }) => !taken.includes(name));
  if (free.length === 0) return null;
  return (
    <label className="row">
      <span>Another version</span>
      <select className="field" value="" onChange={(event) => onAdd(event.target.value)}>
        <option value="">choose…</option>
        {free.map(({ name, told }) => (
          <option key={name} value={name}>
            {told}
          </option>
        ))}
      </select>
    </label>
  );
}
