// Protocol Buffers by hand, for the few messages that the tests write and read.

export interface Field {
  readonly number: number;
  readonly value: number | Buffer;
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** A field of a number, or of text, bytes or an inner message. */
export function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === "number") return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** The fields of a message that has numbers and parts with a length alone. */
export function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = () => {
    let [value, scale, byte] = [0, 1, 128];
    while (byte >= 128) {
      byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
    }
    return value;
  };
  while (at < message.length) {
    const tag = next();
    const value = next();
    if (tag % 8 === 0) fields.push({ number: tag >> 3, value });
    else fields.push({ number: tag >> 3, value: message.subarray(at, (at += value)) });
  }
  return fields;
}
