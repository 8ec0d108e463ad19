import { OperationNodeTransformer, RawNode, type ColumnDefinitionNode, type KyselyPlugin, type QueryId } from "kysely";

/** Text compares by its bytes, as SQLite's does, whatever the language of the database: one order on both. */
export function textByBytes(): KyselyPlugin {
  const transformer = new TextColumns();
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: ({ result }) => Promise.resolve(result),
  };
}

class TextColumns extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode, queryId?: QueryId): ColumnDefinitionNode {
    const transformed = super.transformColumnDefinition(node, queryId);
    const { dataType } = transformed as { readonly dataType: { readonly kind: string; readonly dataType?: unknown } };
    if (dataType.kind !== "DataTypeNode" || dataType.dataType !== "text") return transformed;
    return { ...transformed, dataType: RawNode.createWithSql('text collate "C"') };
  }
}
