import type { Road } from "@millwright/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { foldedAtFirst, groupsOf } from "./fold.ts";
import { RoadGraph } from "./road-graph.tsx";

/** A smaller road is looked at whole. */
const WORTH_BUTTONS = 60;

interface GraphProps {
  readonly road: Road;
  readonly text: string;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The drawn road and what of it is folded. */
export function Graph(props: GraphProps) {
  const { road, chosen } = props;
  const [folded, setFolded] = useState(() => foldedAtFirst(road));
  const unfold = useCallback(
    (group: string) => setFolded((now) => new Set([...now].filter((one) => one !== group))),
    [],
  );
  const group = road.nodes.find(({ id }) => id === chosen)?.group;
  useEffect(() => {
    // A step that is asked for is shown.
    if (group !== undefined && group !== null) unfold(group);
  }, [group, unfold]);
  const lines = [...folded].toSorted().join("\n");
  const shape = road.nodes.map(({ id }) => id).join();
  const { data, error, isFetching } = useQuery({
    queryKey: ["layout", shape, lines],
    queryFn: async () => ({ layout: await api.layOutRoad(lines === "" ? {} : { folded: lines }), folded }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  if (error !== null) return <Problem error={error} />;
  if (data === undefined) return <div className="canvas" />;
  const groups = groupsOf(road);
  return (
    <>
      <RoadGraph key={shape} {...props} layout={data.layout} folded={data.folded} onUnfold={unfold} />
      {groups.size === 0 || road.nodes.length < WORTH_BUTTONS ? null : (
        <div className="folding row">
          {isFetching ? (
            <span className="button" role="status">
              Laying out {count(road.nodes.length)} steps…
            </span>
          ) : null}
          <button
            type="button"
            className="button"
            disabled={folded.size === groups.size}
            onClick={() => setFolded(new Set(groups.keys()))}
          >
            Fold {groups.size} folders
          </button>
          <button type="button" className="button" disabled={folded.size === 0} onClick={() => setFolded(new Set())}>
            Open all
          </button>
        </div>
      )}
    </>
  );
}
