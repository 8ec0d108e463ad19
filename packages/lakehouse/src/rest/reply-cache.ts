/** An answer that stays what it is, and the tag that stands for it. */
export interface KeptReply {
  readonly etag: string;
  readonly body: Buffer;
}

/** Answers made of metadata files, which never change. The longest unused go first. */
export interface ReplyCache {
  get(key: string): KeptReply | undefined;
  put(key: string, reply: KeptReply): void;
}

const BYTES_MAX = 64 * 2 ** 20;

export function createReplyCache(bytesMax = BYTES_MAX): ReplyCache {
  const kept = new Map<string, KeptReply>();
  let bytes = 0;
  return {
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    put: (key, reply) => {
      bytes += reply.body.length - (kept.get(key)?.body.length ?? 0);
      kept.set(key, reply);
      for (const [oldest, { body }] of kept) {
        if (bytes <= bytesMax) break;
        kept.delete(oldest);
        bytes -= body.length;
      }
    },
  };
}
