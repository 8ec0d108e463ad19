import type { RoadNode } from "@millwright/client";
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { count } from "../format.ts";
import { Icon } from "../parts/icons.tsx";
import { Breakable } from "../parts/middle.tsx";
import { lookOf } from "../parts/state.tsx";
import { worstOf } from "./facts.ts";

export type DrawnGroup = Node<
  {
    readonly name: string;
    readonly steps: readonly RoadNode[];
    /** How many of them have what is looked for in their names; undefined while nothing is. */
    readonly found: number | undefined;
    readonly onUnfold: () => void;
  },
  "group-of-steps"
>;

/** A folder of steps, drawn as one until it is opened. */
export function GroupNode({ data: { name, steps, found, onUnfold } }: NodeProps<DrawnGroup>) {
  const worst = worstOf(steps);
  const { tone, icon, word } = lookOf(worst?.state ?? "never");
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        className={`node group nopan ${tone}${found === 0 ? " aside" : ""}`}
        aria-expanded={false}
        onClick={onUnfold}
      >
        <span className="name">
          <Icon name="group" size={14} />
          <span className="unseen">folder </span>
          <span className="words" title={name}>
            <Breakable text={name} />
          </span>
        </span>
        <span className="line">
          <span className={`state ${tone}`}>
            <Icon name={icon} size={12} />
            {worst?.state === "unchanged" ? "done" : word}
          </span>
          <span>{found === undefined ? "" : `${count(found)} found`}</span>
        </span>
        <span className="line">
          <span className="fact">{count(steps.length)} steps</span>
          <span>open</span>
        </span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}
