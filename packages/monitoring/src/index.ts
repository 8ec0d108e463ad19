export {
  defineMonitor,
  log,
  webhook,
  type AlertRoute,
  type AlertRule,
  type MonitorDefinition,
  type MonitorOptions,
} from "./define-monitor.ts";
export { labelledVariants, metricsOf, type LabelledRequest } from "./labelled-variants.ts";
export { monitorTable, runMonitor, type MonitorRequest, type MonitorResult } from "./run-monitor.ts";
export { createAlertStore, monitoringMigrations, type AlertRecord, type AlertStore } from "./alerts/alert-store.ts";
export { deliverAlerts, type DeliveryPorts, type PostJson } from "./alerts/deliver-alerts.ts";
export type { StandingAlert } from "./alerts/evaluate-alerts.ts";
