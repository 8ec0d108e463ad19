import { silentLogger } from "@millwright/kernel";

/** What a server of a few small models is started with, on free ports. */
export const SMALL_SERVER = {
  restPort: 0,
  grpcPort: 0,
  bodyBytesMax: 2 ** 20,
  cacheBytesMax: 2 ** 20,
  logger: silentLogger,
};
