import type { InferenceGraph } from "@millwright/client";

type GraphNode = InferenceGraph["nodes"][string];
export type GraphStep = GraphNode["steps"][number];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A step, drawn. Where it goes to a node that is drawn already, it stands for it. */
export interface PlacedStep extends Place {
  /** No other step has it. */
  readonly key: string;
  /** The node that it belongs to, and its place there. */
  readonly node: string;
  readonly at: number;
  readonly step: GraphStep;
  /** What has to hold for it to be asked, or its share: `if distance > 100`, `20%`. */
  readonly note: string | undefined;
}

/** A node around its steps. */
export interface PlacedNode extends Place {
  readonly key: string;
  readonly name: string;
  readonly routerType: string;
  /** Of the step that goes to it; none goes to the root. */
  readonly step: GraphStep | undefined;
  readonly note: string | undefined;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A way of requests from left to right. */
export interface PlacedEdge {
  readonly key: string;
  readonly from: Point;
  /** How far it goes straight on before it bends. */
  readonly straightTo?: number;
  readonly to: Point;
  /** What goes along it, where that is not told by itself. */
  readonly label: string | undefined;
  /** The step that is asked, or has answered, along it. */
  readonly step: GraphStep | undefined;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly steps: readonly PlacedStep[];
  readonly edges: readonly PlacedEdge[];
}

const STEP_SIZE = { width: 196, height: 74 } as const;
const GAP = { across: 88, down: 26, fan: 46 } as const;
const PADDING = { side: 14, top: 44, bottom: 16 } as const;
/** At the left of the root and at its right, for what comes in and what goes out. */
const DOOR = 74;

/** Something with its own place, and a way in and out of it at half its height. */
interface Block {
  readonly width: number;
  readonly height: number;
  readonly place: (at: Point, into: Drawing) => void;
}

interface Drawing {
  readonly nodes: PlacedNode[];
  readonly steps: PlacedStep[];
  readonly edges: PlacedEdge[];
}

/**
 * Places a graph from left to right: a sequence's steps after one another, those of every other node below one another
 * between where they part and where they meet. A node that several steps go to is drawn at the first.
 */
export function layOutGraph(nodes: InferenceGraph["nodes"]): GraphLayout {
  const root = nodeBlock({ nodes, drawn: new Set() }, { name: "root" });
  const drawing: Drawing = { nodes: [], steps: [], edges: [] };
  root.place({ x: DOOR, y: 0 }, drawing);
  const middle = root.height / 2;
  const doors = [
    { key: "in", from: { x: DOOR / 2, y: middle }, to: { x: DOOR, y: middle }, label: undefined, step: undefined },
    {
      key: "out",
      from: { x: DOOR + root.width, y: middle },
      to: { x: 1.5 * DOOR + root.width, y: middle },
      label: undefined,
      step: undefined,
    },
  ];
  return {
    width: 2 * DOOR + root.width,
    height: root.height,
    nodes: drawing.nodes,
    steps: drawing.steps,
    edges: [...doors, ...drawing.edges],
  };
}

interface World {
  readonly nodes: InferenceGraph["nodes"];
  readonly drawn: Set<string>;
}

interface NodeAsked {
  readonly name: string;
  readonly step?: GraphStep;
  readonly note?: string | undefined;
}

function nodeBlock(world: World, { name, step, note }: NodeAsked): Block {
  world.drawn.add(name);
  const { routerType = "", steps = [] } = world.nodes[name] ?? {};
  const blocks = steps.map((one, at) => stepBlock(world, { step: one, node: name, at, routerType }));
  const inner = routerType === "Sequence" ? sequenceBlock(name, { steps, blocks }) : fanBlock(name, { steps, blocks });
  const [width, height] = [inner.width + 2 * PADDING.side, inner.height + PADDING.top + PADDING.bottom];
  return {
    width,
    // The way in lies at half the height of what is within.
    height: height + PADDING.top - PADDING.bottom,
    place: ({ x, y }, into) => {
      into.nodes.push({ key: name, name, routerType, step, note, x, y, width, height });
      inner.place({ x: x + PADDING.side, y: y + PADDING.top }, into);
      const way = y + PADDING.top + inner.height / 2;
      const within = { label: undefined, step: undefined };
      const ends = { left: x, right: x + width };
      into.edges.push(
        { key: `${name} in`, from: { x: ends.left, y: way }, to: { x: ends.left + PADDING.side, y: way }, ...within },
        {
          key: `${name} out`,
          from: { x: ends.right - PADDING.side, y: way },
          to: { x: ends.right, y: way },
          ...within,
        },
      );
    },
  };
}

interface StepAsked {
  readonly step: GraphStep;
  readonly node: string;
  readonly at: number;
  readonly routerType: string;
}

function stepBlock(world: World, { step, node, at, routerType }: StepAsked): Block {
  const note = noteOf(step, routerType);
  if (step.to === "node" && world.nodes[step.target] !== undefined && !world.drawn.has(step.target))
    return nodeBlock(world, { name: step.target, step, note });
  return {
    ...STEP_SIZE,
    place: (place, into) => into.steps.push({ key: `${node}/${at}`, node, at, step, note, ...place, ...STEP_SIZE }),
  };
}

function noteOf({ condition, weight }: GraphStep, routerType: string): string | undefined {
  if (routerType === "Splitter") return `${weight ?? 0}%`;
  if (condition === undefined || condition === "") return undefined;
  return condition === "@this" ? "else" : `if ${condition}`;
}

interface Within {
  readonly steps: readonly GraphStep[];
  readonly blocks: readonly Block[];
}

function sequenceBlock(node: string, { steps, blocks }: Within): Block {
  const height = Math.max(0, ...blocks.map((block) => block.height));
  const width = blocks.reduce((sum, block) => sum + block.width, Math.max(0, blocks.length - 1) * GAP.across);
  return {
    width,
    height,
    place: ({ x, y }, into) => {
      let left = x;
      for (const [at, block] of blocks.entries()) {
        block.place({ x: left, y: y + (height - block.height) / 2 }, into);
        left += block.width;
        const next = steps[at + 1];
        if (next === undefined) continue;
        const way = y + height / 2;
        const label = next.data === "$response" ? "the answer" : "the request";
        const key = `${node}/${at} ${at + 1}`;
        into.edges.push({ key, from: { x: left, y: way }, to: { x: left + GAP.across, y: way }, label, step: next });
        left += GAP.across;
      }
    },
  };
}

function fanBlock(node: string, { steps, blocks }: Within): Block {
  const widest = Math.max(0, ...blocks.map((block) => block.width));
  const height = blocks.reduce((sum, block) => sum + block.height, Math.max(0, blocks.length - 1) * GAP.down);
  const width = widest + 2 * GAP.fan;
  return {
    width,
    height,
    place: ({ x, y }, into) => {
      const [parting, meeting] = [
        { x, y: y + height / 2 },
        { x: x + width, y: y + height / 2 },
      ];
      let top = y;
      for (const [at, block] of blocks.entries()) {
        block.place({ x: x + GAP.fan, y: top }, into);
        const way = top + block.height / 2;
        const step = steps[at];
        const [left, right] = [x + GAP.fan, x + GAP.fan + block.width];
        into.edges.push(
          { key: `${node}/${at} in`, from: parting, to: { x: left, y: way }, label: undefined, step },
          {
            key: `${node}/${at} out`,
            from: { x: right, y: way },
            straightTo: x + GAP.fan + widest,
            to: meeting,
            label: undefined,
            step,
          },
        );
        top += block.height + GAP.down;
      }
    },
  };
}
