import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  DuckDBTypeId,
  type DuckDBType,
} from "@duckdb/node-api";

/** A type of Arrow's columnar format; what has none of its own crosses as text. */
export type ArrowType =
  | { readonly kind: "bool" | "date" | "time" | "interval" | "utf8" | "binary" | "list" | "struct" | "map" }
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly isSigned: boolean }
  | { readonly kind: "float"; readonly bits: 32 | 64 }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "timestamp"; readonly unit: "s" | "ms" | "us" | "ns"; readonly zone?: "UTC" }
  | { readonly kind: "fixed-list"; readonly size: number };

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly isNullable: boolean;
  readonly children: readonly ArrowField[];
}

const int = (bits: 8 | 16 | 32 | 64, isSigned = true): ArrowType => ({ kind: "int", bits, isSigned });

const PLAIN: Readonly<Partial<Record<DuckDBTypeId, ArrowType>>> = {
  [DuckDBTypeId.BOOLEAN]: { kind: "bool" },
  [DuckDBTypeId.TINYINT]: int(8),
  [DuckDBTypeId.SMALLINT]: int(16),
  [DuckDBTypeId.INTEGER]: int(32),
  [DuckDBTypeId.BIGINT]: int(64),
  [DuckDBTypeId.UTINYINT]: int(8, false),
  [DuckDBTypeId.USMALLINT]: int(16, false),
  [DuckDBTypeId.UINTEGER]: int(32, false),
  [DuckDBTypeId.UBIGINT]: int(64, false),
  [DuckDBTypeId.HUGEINT]: { kind: "decimal", precision: 38, scale: 0 },
  [DuckDBTypeId.FLOAT]: { kind: "float", bits: 32 },
  [DuckDBTypeId.DOUBLE]: { kind: "float", bits: 64 },
  [DuckDBTypeId.DATE]: { kind: "date" },
  [DuckDBTypeId.TIME]: { kind: "time" },
  [DuckDBTypeId.TIMESTAMP]: { kind: "timestamp", unit: "us" },
  [DuckDBTypeId.TIMESTAMP_S]: { kind: "timestamp", unit: "s" },
  [DuckDBTypeId.TIMESTAMP_MS]: { kind: "timestamp", unit: "ms" },
  [DuckDBTypeId.TIMESTAMP_NS]: { kind: "timestamp", unit: "ns" },
  [DuckDBTypeId.TIMESTAMP_TZ]: { kind: "timestamp", unit: "us", zone: "UTC" },
  [DuckDBTypeId.INTERVAL]: { kind: "interval" },
  [DuckDBTypeId.BLOB]: { kind: "binary" },
};

/** A column of the engine as a field of Arrow. */
export function arrowField(name: string, type: DuckDBType, isNullable = true): ArrowField {
  const field = (own: ArrowType, children: readonly ArrowField[] = []) => ({ name, type: own, isNullable, children });
  if (type instanceof DuckDBDecimalType) return field({ kind: "decimal", precision: type.width, scale: type.scale });
  if (type instanceof DuckDBListType) return field({ kind: "list" }, [arrowField("item", type.valueType)]);
  if (type instanceof DuckDBArrayType)
    return field({ kind: "fixed-list", size: type.length }, [arrowField("item", type.valueType)]);
  if (type instanceof DuckDBStructType)
    return field(
      { kind: "struct" },
      type.entryTypes.map((entry, index) => arrowField(type.entryNames[index] ?? "", entry)),
    );
  if (type instanceof DuckDBMapType) {
    const pair = [arrowField("key", type.keyType, false), arrowField("value", type.valueType)];
    return field({ kind: "map" }, [{ name: "entries", type: { kind: "struct" }, isNullable: false, children: pair }]);
  }
  return field(PLAIN[type.typeId] ?? { kind: "utf8" });
}
