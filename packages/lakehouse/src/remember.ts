/** Sets a key as the newest of a map that holds at most so many: what was set longest ago goes. */
export function remember<Key, Value>(map: Map<Key, Value>, entriesMax: number, [key, value]: [Key, Value]): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > entriesMax && oldest !== undefined) map.delete(oldest);
}
