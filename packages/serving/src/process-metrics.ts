/** What Prometheus' own clients tell of a process. */
export function processMetrics(): readonly string[] {
  const name = "process_resident_memory_bytes";
  return [
    `# HELP ${name} Resident memory of the serving process.`,
    `# TYPE ${name} gauge`,
    `${name} ${process.memoryUsage.rss()}`,
  ];
}
