import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { afterEach, beforeEach, expect, test } from "vitest";
import { framedSocket, type FramedSocket } from "../src/shards/framed-socket.ts";
import { FRAME, type Frame } from "../src/shards/frames.ts";
import { connectPeer, type Peer } from "../src/shards/peer.ts";

// One process asks another, which is played here: what it does with a question is each test's.

let folder: string;
let server: Server;
let peer: Peer;
let heard: (frame: Frame, socket: { readonly raw: Socket; readonly framed: FramedSocket }) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-peers-test-"));
  const path = join(folder, "0.peer");
  server = createServer((raw) => {
    raw.on("error", () => undefined);
    const onFrame = (frame: Frame) => heard(frame, { raw, framed });
    const framed = framedSocket(raw, { onFrame, later: (send) => process.nextTick(send) });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  peer = connectPeer(path);
});
afterEach(async () => {
  peer.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const AWAY = { code: "inference/shard-away" };

test("each question has its own answer, in whichever order they come", async () => {
  const asked: Frame[] = [];
  heard = (frame, { framed }) => {
    asked.push(frame);
    if (asked.length < 100) return;
    for (const { number, body } of asked.toReversed()) framed.send({ kind: FRAME.answer, number, head: "", body });
  };
  const answers = Array.from({ length: 100 }, (_, at) => peer.ask("echo", { at }));
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, (_, at) => ({ at })));
});

test("a process that dies in the middle of an answer refuses what it was asked, and is asked again when it is back", async () => {
  heard = (frame, { raw }) => raw.write(Buffer.from([40, 0, 0, 0, frame.number]), () => raw.destroy());
  await expect(Promise.all([peer.ask("one", 1), peer.ask("other", 2)])).rejects.toMatchObject(AWAY);
  heard = ({ number, body }, { framed }) => framed.send({ kind: FRAME.answer, number, head: "", body });
  expect(await peer.ask("one", 3)).toBe(3);
});

test("what is no frame ends the connection, and answers to nobody's question are nobody's", async () => {
  heard = (_frame, { raw }) => raw.write(Buffer.alloc(64, 255));
  await expect(peer.ask("one", 1)).rejects.toMatchObject(AWAY);
  heard = ({ number, body }, { framed }) => {
    framed.send({ kind: FRAME.answer, number: number + 1, head: "", body: serialize("another's") });
    framed.send({ kind: FRAME.answer, number, head: "", body });
  };
  expect(await peer.ask("one", "own")).toBe("own");
});

test("whoever has gone, or waits no longer, is told of to the other side", async () => {
  const left: number[] = [];
  heard = ({ kind, number }) => kind === FRAME.left && left.push(number);
  let isGone = false;
  const gone = peer.ask("one", 1, { isGone: () => isGone });
  const late = peer.ask("other", 2, { withinMs: 1 });
  isGone = true;
  await expect(gone).rejects.toMatchObject({ code: "inference/cancelled" });
  await expect(late).rejects.toMatchObject(AWAY);
  await expect.poll(() => left.length).toBe(2);
});

test("a process that takes nothing is asked no more than can wait", async () => {
  heard = (_frame, { raw }) => raw.pause();
  const body = Buffer.alloc(2 ** 26);
  const questions = Array.from({ length: 8 }, () => peer.send({ kind: FRAME.rest, head: "", body }));
  const told = Promise.allSettled(questions);
  await expect(Promise.race(questions)).rejects.toMatchObject({ code: "inference/overloaded" });
  peer.close();
  const refused = (await told).map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : ""));
  expect(new Set(refused)).toEqual(new Set(["inference/overloaded", "inference/shard-away"]));
});

test("where nobody hears, the question is refused", async () => {
  const nobody = connectPeer(join(folder, "9.peer"));
  await expect(nobody.ask("one", 1)).rejects.toMatchObject(AWAY);
  nobody.close();
});
