import type { Socket } from "node:net";
import { FrameReader, frameParts, type Frame, type WrittenFrame } from "./frames.ts";

/** A connection between two processes, over which frames go both ways. */
export interface FramedSocket {
  /** Throws where there is more than fits a frame; then nothing of it is sent. */
  send(frame: WrittenFrame): void;
  /** What the other side has not taken yet. */
  readonly waitingBytes: number;
}

export interface FramedSocketOptions {
  readonly onFrame: (frame: Frame) => void;
  /** Has what is to be sent sent: once for all that comes until it is called. */
  readonly later: (send: () => void) => void;
  /** Where more waits to be taken, nothing is read: whoever does not take answers is asked nothing by. */
  readonly pausesAtBytes?: number;
}

/** Up to so many bytes go out as one piece. */
const JOINED_BYTES_MAX = 2 ** 18;

/** Sends and hears frames. What is no frame ends the connection. */
export function framedSocket(socket: Socket, { onFrame, later, pausesAtBytes }: FramedSocketOptions): FramedSocket {
  const reader = new FrameReader();
  let parts: Uint8Array[] = [];
  let partsBytes = 0;
  const flush = () => {
    const [sent, bytes] = [parts, partsBytes];
    [parts, partsBytes] = [[], 0];
    if (socket.destroyed) return;
    socket.cork();
    for (const part of bytes <= JOINED_BYTES_MAX && sent.length > 1 ? [Buffer.concat(sent)] : sent) socket.write(part);
    socket.uncork();
    if (pausesAtBytes === undefined || socket.writableLength <= pausesAtBytes || socket.isPaused()) return;
    socket.pause();
    socket.once("drain", () => socket.resume());
  };
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of reader.read(chunk)) onFrame(frame);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  return {
    send: (frame) => {
      const added = frameParts(frame);
      if (parts.length === 0) later(flush);
      for (const part of added) {
        parts.push(part);
        partsBytes += part.length;
      }
    },
    get waitingBytes() {
      return socket.writableLength + partsBytes;
    },
  };
}
