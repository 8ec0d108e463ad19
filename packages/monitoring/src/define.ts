// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export { defineMonitor, log, webhook, type MonitorDefinition } from "./define-monitor.ts";
