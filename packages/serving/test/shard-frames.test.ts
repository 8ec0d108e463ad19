import { expect, test } from "vitest";
import { FRAME, FrameReader, frameParts, type WrittenFrame } from "../src/shards/frames.ts";

const FRAMES: readonly WrittenFrame[] = [
  { kind: FRAME.rest, number: 7, head: "POST\n/v2/models/é/infer\nid\n1", body: Buffer.from([0, 255, 10]) },
  { kind: FRAME.answer, number: 2 ** 32 - 1, head: "", body: "Wörter" },
  { kind: FRAME.left, number: 0, head: "", body: "" },
  { kind: FRAME.grpc, number: 9, head: "h".repeat(300), body: Buffer.alloc(70_000, 3) },
];

const written = Buffer.concat(FRAMES.flatMap(frameParts));

function read(chunks: readonly Buffer[]) {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => reader.read(chunk)).map((frame) => ({ ...frame, body: Buffer.from(frame.body) }));
}

const EXPECTED = FRAMES.map((frame) => ({ ...frame, body: Buffer.from(frame.body) }));

test("frames are the same wherever what comes is cut", () => {
  expect(read([written])).toEqual(EXPECTED);
  for (let cut = 1; cut < 400; cut += 1)
    expect(read([written.subarray(0, cut), written.subarray(cut)])).toEqual(EXPECTED);
  for (const size of [1, 7, 4_096])
    expect(
      read(
        Array.from({ length: Math.ceil(written.length / size) }, (_, at) =>
          written.subarray(at * size, (at + 1) * size),
        ),
      ),
    ).toEqual(EXPECTED);
});

test("what is no frame is refused: another kind, a head longer than all, a length that cannot be meant", () => {
  const one = Buffer.concat(frameParts({ kind: FRAME.own, number: 1, head: "ab", body: "" }));
  for (const spoil of [
    (bytes: Buffer) => bytes.writeUInt8(0, 8),
    (bytes: Buffer) => bytes.writeUInt8(77, 8),
    (bytes: Buffer) => bytes.writeUInt32LE(3, 9),
    (bytes: Buffer) => bytes.writeUInt32LE(2, 0),
    (bytes: Buffer) => bytes.writeUInt32LE(2 ** 32 - 1, 0),
  ]) {
    const bytes = Buffer.from(one);
    spoil(bytes);
    expect(() => new FrameReader().read(bytes)).toThrow("is no frame");
  }
});
