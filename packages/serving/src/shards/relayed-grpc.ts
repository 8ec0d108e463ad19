import { FRAME, type Frame } from "./frames.ts";
import type { PeerQuestion } from "./peer.ts";
import type { GrpcAsked } from "./peer-questions.ts";

// A call of gRPC as a frame: the head has a line each for method, deadline and metadata, and the body is the message.

export function grpcQuestion({ method, message, metadata, deadlineMs }: GrpcAsked): PeerQuestion {
  return { kind: FRAME.grpc, head: `${method}\n${deadlineMs}\n${JSON.stringify(metadata)}`, body: message };
}

export function grpcAsked({ head, body }: Pick<Frame, "head" | "body">): GrpcAsked {
  const [method = "", deadline, metadata = "{}"] = head.split("\n", 3);
  return {
    method,
    message: body,
    metadata: JSON.parse(metadata) as GrpcAsked["metadata"],
    deadlineMs: Number(deadline),
  };
}
