/** The protocol's word for a field's type. */
export function datatypeOf(type: string): "INT64" | "FP64" | "BOOL" | "BYTES" {
  if (type === "long" || type === "int") return "INT64";
  if (type === "boolean") return "BOOL";
  return type === "double" || type === "float" ? "FP64" : "BYTES";
}
