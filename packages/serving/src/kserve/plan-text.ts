import { readDocuments, type Remark } from "./documents.ts";
import { isOfKserve } from "./fields.ts";
import { planDocument, type PlannedService } from "./plan.ts";

/** What a text of documents asks to be served. */
export function planText(
  text: string,
  { folder }: { readonly folder: string },
): { readonly services: readonly PlannedService[]; readonly remarks: readonly Remark[] } {
  const { documents, remarks: unread } = readDocuments(text);
  const remarks = [...unread];
  const services: PlannedService[] = [];
  for (const document of documents) {
    if (!isOfKserve(document)) {
      remarks.push(document.remark("warning", ["apiVersion"], `${document.apiVersion} is not KServe's: it is left`));
      continue;
    }
    const planned = planDocument(document, { folder });
    remarks.push(...planned.remarks);
    if (planned.service !== undefined) services.push(planned.service);
  }
  return { services, remarks };
}
