import { textTable, type Command } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { appliedServicesCommands } from "./applied-services-commands.ts";
import { cell } from "./format.ts";
import { servicesTop } from "./services-top.ts";
import { trafficCommands } from "./traffic-commands.ts";

const servicesList: Command = {
  name: "services list",
  summary: "the deployed services",
  arguments: [],
  options: {},
  example: "mill services list",
  output: answerOf("listServices"),
  handler: (call) =>
    withApi(call, async (api) => {
      const services = await api.listServices();
      call.out.result(services, (all) =>
        textTable(
          ["service", "model", "version", "address"],
          all.map(({ name, model, version, url }) => [name, model ?? "a function", String(version), url ?? "not up"]),
        ),
      );
      return 0;
    }),
};

const servicesShow: Command = {
  name: "services show",
  summary: "what a service takes, and how it is called",
  arguments: ["NAME"],
  options: {},
  example: "mill services show late-flights",
  output: answerOf("showService"),
  handler: (call) =>
    withApi(call, async (api) => {
      const service = await api.showService({ name: call.arguments[0] ?? "" });
      call.out.result(service, ({ name, model, version, request, example, url }) =>
        [
          `${name}: ${model ?? "a function"} version ${version}, ${url ?? "not up (`mill up`)"}`,
          textTable(
            ["field", "type", "example"],
            request.map((field) => [field.name, field.type, cell(example[field.name])]),
          ),
          `mill predict ${name} ${shellQuoted(JSON.stringify(example))}`,
        ].join("\n\n"),
      );
      return 0;
    }),
};

/** A text as one word of a POSIX shell. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export const servicesCommands: readonly Command[] = [
  servicesList,
  servicesShow,
  servicesTop,
  ...trafficCommands,
  ...appliedServicesCommands,
];
