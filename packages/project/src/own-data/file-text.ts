/** What a file of text is written in, told from its first bytes. */
export interface TextForm {
  /** As the WHATWG Encoding standard names it. */
  readonly encoding: string;
  readonly text: string;
}

/** Characters that a text of this encoding is mostly made of, beyond ASCII. */
const SCRIPTS: readonly (readonly [encoding: string, letters: RegExp, share: number])[] = [
  ["shift_jis", /[\u3040-\u30ff]/gu, 0.15],
  ["euc-jp", /[\u3040-\u30ff]/gu, 0.15],
  ["windows-1251", /[\u0430-\u044f]/gu, 0.5],
  ["euc-kr", /[\uac00-\ud7a3]/gu, 0.8],
  ["gb18030", /[\u4e00-\u9fa5]/gu, 0.8],
];

/**
 * The encoding of some bytes: by a byte order mark or zero bytes UTF-8 or UTF-16, else UTF-8 where they are such, else the
 * first encoding whose script they would mostly be, else windows-1252. Bytes may break off within a character.
 */
export function textForm(bytes: Uint8Array): TextForm {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decoded("utf-16le", bytes);
  if (first === 0xfe && second === 0xff) return decoded("utf-16be", bytes);
  const zeros = bytes.subarray(0, 1_000).reduce((count, byte, at) => count + (byte === 0 ? 1 - (at % 2) * 2 : 0), 0);
  if (Math.abs(zeros) > Math.min(bytes.length, 1_000) / 5) return decoded(zeros < 0 ? "utf-16le" : "utf-16be", bytes);
  if (isValid("utf-8", bytes)) return decoded("utf-8", bytes);
  const script = SCRIPTS.find(([encoding, letters, share]) => isMostly(encoding, { bytes, letters, share }));
  return decoded(script?.[0] ?? "windows-1252", bytes);
}

function decoded(encoding: string, bytes: Uint8Array): TextForm {
  return { encoding, text: new TextDecoder(encoding).decode(bytes, { stream: true }) };
}

function isValid(encoding: string, bytes: Uint8Array): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function isMostly(
  encoding: string,
  { bytes, letters, share }: { readonly bytes: Uint8Array; readonly letters: RegExp; readonly share: number },
): boolean {
  if (!isValid(encoding, bytes)) return false;
  // A word with an accent here and there is of the Latin script, whatever else its bytes could be.
  if (!encoding.endsWith("jis") && meanRun(bytes) < RUN_MIN) return false;
  const beyondAscii = decoded(encoding, bytes).text.replaceAll(/\p{ASCII}/gu, "");
  return (beyondAscii.match(letters)?.length ?? 0) >= beyondAscii.length * share;
}

const RUN_MIN = 3;

/** How many bytes beyond ASCII follow each other, on average. */
function meanRun(bytes: Uint8Array): number {
  let [high, runs] = [0, 0];
  bytes.forEach((byte, at) => {
    if (byte < 0x80) return;
    high += 1;
    if ((bytes[at - 1] ?? 0) < 0x80) runs += 1;
  });
  return runs === 0 ? 0 : high / runs;
}

const DELIMITERS = [",", ";", "\t", "|", "^", "~", "\u0001"];
const LINES_READ = 200;

/**
 * The character between a text's fields: the one that gives its lines, most often, as many fields as its first has, and
 * more than one; of two such the earlier in the list. Undefined for a text of one column. Quoted fields are passed over.
 */
export function delimiterOf(text: string): string | undefined {
  const lines = withoutQuoted(text)
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== "")
    .slice(0, LINES_READ);
  // The last may break off.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines;
  const scored = DELIMITERS.map((delimiter) => ({ delimiter, score: agreement(whole, delimiter) }));
  const best = Math.max(...scored.map(({ score }) => score));
  return best === 0 ? undefined : scored.find(({ score }) => score >= best - 0.02)?.delimiter;
}

function agreement(lines: readonly string[], delimiter: string): number {
  const counts = lines.map((line) => line.split(delimiter).length);
  const [header = 1] = counts;
  return header < 2 ? 0 : counts.filter((count) => count === header).length / counts.length;
}

function withoutQuoted(text: string): string {
  return text.replaceAll(/"(?:[^"]|"")*"/g, "");
}
