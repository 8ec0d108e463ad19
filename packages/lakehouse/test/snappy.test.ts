import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unpackSnappyBlock } from "../src/domain/iceberg/snappy.ts";

const BYTES_MAX = 10_000;

function block(packed: readonly number[], text: string): Buffer {
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(text));
  return Buffer.concat([Buffer.from(packed), check]);
}

describe("a block packed by snappy", () => {
  const letters = (text: string) => [...Buffer.from(text)];

  test.each([
    ["bytes that stand there", [5, 4 << 2, ...letters("hello")], "hello"],
    ["a repetition that reaches into itself", [9, 0 << 2, ...letters("a"), (4 << 2) | 1, 1], "aaaaaaaaa"],
    ["a repetition from further", [9, 2 << 2, ...letters("abc"), (5 << 2) | 2, 3, 0], "abcabcabc"],
    ["an offset of four bytes", [6, 2 << 2, ...letters("abc"), (2 << 2) | 3, 3, 0, 0, 0], "abcabc"],
    ["a length of its own byte", [70, 60 << 2, 69, ...letters("x".repeat(70))], "x".repeat(70)],
    ["nothing", [0], ""],
  ])("unpacks %s", (_, packed, text) => {
    expect(unpackSnappyBlock(block(packed, text), BYTES_MAX).toString()).toBe(text);
  });

  test("refuses what is cut off, reaches outside, is too large, or was changed", () => {
    const good = block([5, 4 << 2, ...letters("hello")], "hello");
    expect(() => unpackSnappyBlock(good, 4)).toThrow(/too large/);
    expect(() => unpackSnappyBlock(block([5, 4 << 2, ...letters("hellp")], "hello"), BYTES_MAX)).toThrow(
      /as it was written/,
    );
    expect(() => unpackSnappyBlock(block([5, (1 << 2) | 2, 9, 0], "hello"), BYTES_MAX)).toThrow(/cut off/);
    expect(() => unpackSnappyBlock(good.subarray(0, 3), BYTES_MAX)).toThrow(/cut off/);
  });

  test("ends in an error or in as many bytes as it says, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(unpackSnappyBlock(Buffer.from(bytes), BYTES_MAX).length).toBeLessThanOrEqual(BYTES_MAX);
        } catch (error) {
          expect(String(error)).toMatch(/snappy/);
        }
      }),
    );
  });
});
