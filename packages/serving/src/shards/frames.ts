// How the processes of one server speak with one another. A frame is its length (of all that follows), the number of the
// question that it belongs to, its kind, and the length of its head, which is text; the rest is its body. Numbers are little
// endian, of four bytes; the kind is one.

/** What a frame is: a question, that nobody waits for its answer any more, or an answer. */
export const FRAME = { rest: 1, grpc: 2, own: 3, left: 4, answer: 5, refusal: 6 } as const;

type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly kind: FrameKind;
  readonly number: number;
  readonly head: string;
  readonly body: Buffer;
}

/** A frame to be written; text goes as UTF-8. */
export interface WrittenFrame extends Omit<Frame, "body"> {
  readonly body: string | Uint8Array;
}

const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + 9;
/** More is no frame that could have been meant. */
const FRAME_BYTES_MAX = 2 ** 31;
/** A larger body is written as it is; smaller ones are copied, so that a frame is one piece. */
const COPIED_BYTES_MAX = 2 ** 16;

/** Throws where there is more than fits a frame. */
export function frameParts({ kind, number, head, body }: WrittenFrame): readonly Uint8Array[] {
  const headLength = Buffer.byteLength(head);
  const bodyLength = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const wholeLength = HEADER_BYTES + headLength + bodyLength;
  if (wholeLength > FRAME_BYTES_MAX) throw new RangeError(`${wholeLength} bytes do not fit a frame`);
  const isOnePiece = typeof body === "string" || bodyLength <= COPIED_BYTES_MAX;
  const bytes = Buffer.allocUnsafe(isOnePiece ? wholeLength : HEADER_BYTES + headLength);
  bytes.writeUInt32LE(wholeLength - LENGTH_BYTES, 0);
  bytes.writeUInt32LE(number, 4);
  bytes.writeUInt8(kind, 8);
  bytes.writeUInt32LE(headLength, 9);
  bytes.write(head, HEADER_BYTES);
  if (typeof body === "string") bytes.write(body, HEADER_BYTES + headLength);
  else if (isOnePiece) bytes.set(body, HEADER_BYTES + headLength);
  return isOnePiece ? [bytes] : [bytes, body as Uint8Array];
}

/** Finds frames in what comes over a connection. */
export class FrameReader {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Before so many are held there is nothing to be found. */
  #wantedBytes = HEADER_BYTES;

  /** The frames that are whole with these bytes. Throws where they are no frames. */
  read(chunk: Buffer): readonly Frame[] {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wantedBytes) return [];
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held);
    const frames: Frame[] = [];
    let at = 0;
    this.#wantedBytes = HEADER_BYTES;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + wholeLength(bytes, at);
      if (end > bytes.length) {
        this.#wantedBytes = end - at;
        break;
      }
      frames.push(frameIn(bytes, at, end));
      at = end;
    }
    this.#held = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#heldBytes = bytes.length - at;
    return frames;
  }
}

const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));

function wholeLength(bytes: Buffer, at: number): number {
  const length = LENGTH_BYTES + bytes.readUInt32LE(at);
  const isFrame =
    length <= FRAME_BYTES_MAX &&
    KINDS.has(bytes.readUInt8(at + 8)) &&
    HEADER_BYTES + bytes.readUInt32LE(at + 9) <= length;
  if (!isFrame) throw new Error("what came from another process is no frame");
  return length;
}

function frameIn(bytes: Buffer, at: number, end: number): Frame {
  const bodyAt = at + HEADER_BYTES + bytes.readUInt32LE(at + 9);
  return {
    kind: bytes.readUInt8(at + 8) as FrameKind,
    number: bytes.readUInt32LE(at + 4),
    head: bytes.toString("utf8", at + HEADER_BYTES, bodyAt),
    body: bytes.subarray(bodyAt, end),
  };
}
