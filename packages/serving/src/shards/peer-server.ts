import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { deserialize, serialize } from "node:v8";
import { toProblem, type Logger } from "@millwright/kernel";
import { inferenceErrors, isFault } from "../inference/errors.ts";
import { answerRest } from "../inference/rest/rest-server.ts";
import type { InferenceServer } from "../inference/inference-server.ts";
import { framedSocket, type FramedSocket } from "./framed-socket.ts";
import { FRAME, type Frame, type WrittenFrame } from "./frames.ts";
import { openConnections } from "./open-connections.ts";
import { answerPeer } from "./peer-answers.ts";
import type { GrpcAsked } from "./peer-questions.ts";
import { grpcAsked } from "./relayed-grpc.ts";
import { relayedRequest, relayedResponse } from "./relayed-rest.ts";

export interface PeerServerOptions {
  readonly socketPath: string;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
  readonly grpc: (asked: GrpcAsked, isCancelled: () => boolean) => Promise<Uint8Array>;
}

export interface PeerServer {
  /** Ends all connections: what has not been answered yet is not. */
  close(): Promise<void>;
}

/** Of answers that an asking process does not take; then nothing more is read of it. */
const UNTAKEN_BYTES_MAX = 2 ** 26;

/**
 * Answers the other processes of a server: requests that came to them for a model of this one, and what they ask besides.
 * `server` is this process's own part of the whole. Whoever may enter the socket's folder may ask.
 */
export async function startPeerServer(server: InferenceServer, options: PeerServerOptions): Promise<PeerServer> {
  const { socketPath } = options;
  // Of one that died; its place is this one's.
  await rm(socketPath, { force: true });
  const open = openConnections();
  const listening = createServer((socket) => {
    open.add(socket);
    answerOn(socket, { ...options, server });
  });
  listening.listen(socketPath);
  await once(listening, "listening");
  return {
    close: async () => {
      listening.close();
      await open.none(0);
    },
  };
}

interface Answering extends PeerServerOptions {
  readonly server: InferenceServer;
}

function answerOn(socket: Socket, answering: Answering): void {
  /** The questions that are being answered, by their number: whether their caller has gone. */
  const asked = new Map<number, { isGone: boolean }>();
  const onFrame = (frame: Frame) => {
    const { number } = frame;
    const known = asked.get(number);
    if (frame.kind === FRAME.left) {
      if (known !== undefined) known.isGone = true;
      return;
    }
    const question = { isGone: false };
    asked.set(number, question);
    const tell = (answer: Omit<WrittenFrame, "number">) => {
      asked.delete(number);
      if (!question.isGone) told(framed, { ...answer, number }, answering.logger);
    };
    void answer(frame, { ...answering, tell, isGone: () => question.isGone });
  };
  // What is ready in one turn goes out together.
  const framed = framedSocket(socket, {
    onFrame,
    later: (send) => process.nextTick(send),
    pausesAtBytes: UNTAKEN_BYTES_MAX,
  });
  // Its questions end with it.
  socket.on("error", () => undefined);
  socket.once("close", () => {
    for (const question of asked.values()) question.isGone = true;
  });
}

function told(framed: FramedSocket, answer: WrittenFrame, logger: Logger): void {
  try {
    framed.send(answer);
  } catch (error) {
    logger.error({ err: error }, "an answer to another process could not be sent");
    const because = "it does not fit what the processes send each other";
    const problem = toProblem(inferenceErrors.create("inference/large-answer", { because }));
    framed.send({ kind: FRAME.refusal, number: answer.number, head: "", body: serialize(problem) });
  }
}

interface Question extends Answering {
  readonly isGone: () => boolean;
  readonly tell: (answer: Omit<WrittenFrame, "number">) => void;
}

async function answer(frame: Frame, { server, isGone, tell, grpc, ...options }: Question): Promise<void> {
  try {
    if (frame.kind === FRAME.rest) {
      const request = relayedRequest(frame, isGone);
      const response = relayedResponse(request, (sent) => tell({ kind: FRAME.answer, ...sent }));
      await answerRest(server, { request, response, rawBody: frame.body, options });
    } else if (frame.kind === FRAME.grpc) {
      tell({ kind: FRAME.answer, head: "", body: await grpc(grpcAsked(frame), isGone) });
    } else {
      const question = { name: frame.head, asked: deserialize(frame.body) as unknown, isCancelled: isGone };
      tell({ kind: FRAME.answer, head: "", body: serialize(await answerPeer({ server }, question)) });
    }
  } catch (error) {
    const problem = toProblem(error);
    if (isFault(problem.status)) options.logger.error({ err: error }, "a request of another process failed");
    tell({ kind: FRAME.refusal, head: "", body: serialize(problem) });
  }
}
