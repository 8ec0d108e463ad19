/**
 * MurmurHash3_x86_32 (Appleby, public domain) of a text's UTF-8 bytes: 32 bits, unsigned. The same on every machine, which
 * the assignments that rest on it must be.
 */
export function murmurHash(text: string, seed: number): number {
  return isAscii(text) ? hashOf(text.length, (at) => text.charCodeAt(at), seed) : hashOfBytes(Buffer.from(text), seed);
}

function hashOfBytes(bytes: Uint8Array, seed: number): number {
  return hashOf(bytes.length, (at) => bytes[at] ?? 0, seed);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}

function hashOf(length: number, byteAt: (at: number) => number, seed: number): number {
  let hash = seed | 0;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const word = byteAt(at) | (byteAt(at + 1) << 8) | (byteAt(at + 2) << 16) | (byteAt(at + 3) << 24);
    hash ^= scrambled(word);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = length - 1; at >= whole; at -= 1) rest = (rest << 8) | byteAt(at);
  if (whole < length) hash ^= scrambled(rest);
  return finished(hash ^ length);
}

function scrambled(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finished(given: number): number {
  let hash = given;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
