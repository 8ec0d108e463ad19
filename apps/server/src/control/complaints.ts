import type { Logger } from "@millwright/kernel";

/** Hears what is done for services again and again: what fails for one ends nothing, and is logged when it is news. */
export interface Complaints {
  hear(service: string, work: () => Promise<unknown>): Promise<void>;
}

export function createComplaints(logger: Pick<Logger, "error">, message: string): Complaints {
  const told = new Map<string, string>();
  return {
    hear: async (service, work) => {
      try {
        await work();
        told.delete(service);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (told.get(service) !== text) logger.error({ err: error, service }, message);
        told.set(service, text);
      }
    },
  };
}
