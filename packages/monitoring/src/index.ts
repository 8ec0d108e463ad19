export {
  defineMonitor,
  monitorTable,
  runMonitor,
  type Alert,
  type AlertRule,
  type MonitorDefinition,
  type MonitorRequest,
  type MonitorResult,
} from "./monitor.ts";
