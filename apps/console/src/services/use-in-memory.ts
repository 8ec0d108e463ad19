import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";

const EVERY_MS = 4_000;

/** The versions of a model that are in memory, and whether there is a bound by which it may be away. */
export function useInMemory(name: string) {
  const { data } = useQuery({
    queryKey: ["occupancy", "of", name],
    queryFn: () => api.showOccupancy({ search: name, order: "name" }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  const versions = data?.models.filter((one) => one.name === name) ?? [];
  return { versions, isThere: data?.bytesMax === null || versions.length > 0, isKnown: data !== undefined };
}
