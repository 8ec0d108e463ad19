import { DuckDBBlobVector, DuckDBVarCharVector, type DuckDBDataChunk, type DuckDBVector } from "@duckdb/node-api";

/** What a value is taken to need until it is encoded, and what the engine has for a text, its length first. */
const VALUE_BYTES = 16;

/** About how many bytes a chunk's rows need until they are encoded: texts, and what is within lists, may be of any length. */
export function bytesInChunk(chunk: DuckDBDataChunk): number {
  let bytes = 0;
  for (let index = 0; index < chunk.columnCount; index += 1) bytes += bytesIn(chunk.getColumnVector(index));
  return bytes;
}

interface Inner {
  readonly dataView?: DataView;
  readonly childData?: DuckDBVector;
  readonly listVector?: DuckDBVector;
  readonly entryVectors?: readonly DuckDBVector[];
}

function bytesIn(vector: DuckDBVector): number {
  const count = vector.itemCount;
  // The library keeps a vector's memory private; reading it here saves an object for each value.
  const { dataView, childData, listVector, entryVectors = [] } = vector as unknown as Inner;
  const within = [childData, listVector, ...entryVectors].filter((one) => one !== undefined);
  let bytes = count * VALUE_BYTES;
  for (const one of within) bytes += bytesIn(one);
  if (dataView === undefined || !(vector instanceof DuckDBVarCharVector || vector instanceof DuckDBBlobVector))
    return bytes;
  for (let row = 0; row < count; row += 1) bytes += dataView.getUint32(row * VALUE_BYTES, true);
  return bytes;
}
