import { controlRoutes } from "@millwright/server";
import type { TSchema } from "typebox";

const routes = controlRoutes(() => {
  throw new Error("the routes are only described here");
});

/** The schema of an operation's answer, for a command that prints it as it is. */
export function answerOf(operation: string): TSchema {
  const route = routes.find(({ id }) => id === operation);
  if (route === undefined) throw new Error(`there is no operation ${operation}`);
  return route.response;
}
