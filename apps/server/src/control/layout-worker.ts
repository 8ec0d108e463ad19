import { parentPort, workerData } from "node:worker_threads";
import elk, { type ElkNode } from "elkjs/lib/elk.bundled.js";

// One layout, and the thread has done its work.

parentPort?.postMessage(await new elk.default().layout(workerData as ElkNode));
