/** The errors that tell of a table's own files: no reader is to blame, and trying again does not help. */
const FILE_FAULTS = [
  "lakehouse/damaged-file",
  "lakehouse/damaged-manifest",
  "lakehouse/damaged-metadata",
  "lakehouse/missing-file",
  "lakehouse/unfit-file",
] as const;

type FileFaultCode = (typeof FILE_FAULTS)[number];

export function isFileFaultCode(code: string): code is FileFaultCode {
  return (FILE_FAULTS as readonly string[]).includes(code);
}

/** How a file is damaged whose bytes are not those that were written, by what kind of file it is. */
export function damageOf(path: string): FileFaultCode {
  if (path.endsWith(".metadata.json")) return "lakehouse/damaged-metadata";
  return path.endsWith(".avro") ? "lakehouse/damaged-manifest" : "lakehouse/damaged-file";
}
