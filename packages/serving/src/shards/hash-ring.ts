import { murmurHash } from "../traffic/murmur-hash.ts";

/** Whose each name is. */
export interface HashRing {
  owner(name: string): number;
}

/** More places on the ring share it more evenly: the shares of 512 are within a few percent of one another. */
const PLACES = 512;
const [MEMBERS, NAMES] = [1, 2];

/**
 * A ring of consistent hashing (Karger et al., 1997) with so many members, each at many places of it: a name is the member's
 * whose place comes next. With one member more, only the names that are the new one's move. The same in every process.
 */
export function createHashRing(members: number): HashRing {
  const places = Array.from({ length: members * PLACES }, (_, at) => {
    const member = Math.floor(at / PLACES);
    return { member, hash: murmurHash(`${member}#${at % PLACES}`, MEMBERS) };
  }).toSorted((one, other) => one.hash - other.hash || one.member - other.member);
  return {
    owner: (name) => {
      const hash = murmurHash(name, NAMES);
      let [low, high] = [0, places.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((places[middle]?.hash ?? 0) < hash) low = middle + 1;
        else high = middle;
      }
      return (places[low] ?? places[0])?.member ?? 0;
    },
  };
}
