const MODEL_NAME = 1;
/** How the values of a message's fields are written (protobuf's encoding). */
const [VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES] = [0, 1, 2, 5];

/**
 * The model's name in an encoded `ModelInferRequest`, and nothing else of it read. Empty where it has none, or is no message
 * that can be read so: whoever decodes it finds out.
 */
export function modelNameIn(bytes: Buffer): string {
  let name = "";
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const written = tag % 8;
    if (written === VARINT) varint();
    else if (written === EIGHT_BYTES) at += 8;
    else if (written === FOUR_BYTES) at += 4;
    else if (written === LENGTH) {
      const end = varint() + at;
      if (!(end <= bytes.length)) return "";
      // Of a field that comes twice the last one holds.
      if ((tag - written) / 8 === MODEL_NAME) name = bytes.toString("utf8", at, end);
      at = end;
    } else return "";
  }
  return at === bytes.length ? name : "";
}
