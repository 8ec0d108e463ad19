import { defineErrors } from "@millwright/kernel";

export const platformErrors = defineErrors("platform", {
  "platform/locked": {
    status: 409,
    exit: 2,
    title: "Another process works on this project",
    remedy: "Wait until it ends, or stop it. Commands that only read go through a running `mill up` by themselves.",
    example: "process 4711 holds the lock of examples/flights",
  },
  "platform/usage": {
    status: 400,
    exit: 2,
    title: "The command was not used as it is meant",
    remedy: "`mill COMMAND --help` shows its arguments with an example.",
    example: "mill table show departures",
  },
  "platform/port-taken": {
    status: 409,
    exit: 2,
    title: "The port is in use",
    remedy: "Choose another port with `--port`; 0 takes a free one.",
    example: "mill up --port 0",
  },
  "platform/disk-full": {
    status: 507,
    title: "There is no room left on the disk",
    remedy: "Make room and run it again: nothing that was stored is lost.",
  },
  "platform/not-loopback": {
    status: 403,
    exit: 2,
    title: "Off this machine nothing starts without authentication",
    remedy: "Leave `--host` at 127.0.0.1.",
  },
  "platform/unsupported-host": {
    status: 501,
    exit: 2,
    title: "There is no runtime for this machine",
    remedy: "Use Linux on x64 or arm64 with glibc 2.34 or later, macOS on arm64, or WSL on Windows.",
    example: "bin/mill doctor in a container of Alpine Linux",
  },
  "platform/runtime-missing": {
    status: 503,
    exit: 2,
    title: "The pinned Node runtime is not installed",
    remedy: "Run `npm ci`, without `--omit=optional`.",
  },
  "platform/foreign-origin": {
    status: 403,
    title: "The request comes from another site",
    remedy:
      "Open the console by its own address, http://127.0.0.1:4400, and call the API without an Origin of another site.",
  },
  "platform/unknown-address": {
    status: 404,
    title: "Nothing is at this address",
    remedy: "/api/openapi.json lists the operations.",
    example: "GET /api/v1/tables",
  },
  "platform/bad-request": {
    status: 400,
    title: "The request cannot be read",
    remedy: "Send JSON with `content-type: application/json`.",
  },
  "platform/too-large": {
    status: 413,
    title: "The request is too large",
    remedy: "Send it in parts.",
  },
  "platform/not-up": {
    status: 503,
    title: "The project is not up",
    remedy: "Start it with `mill up`.",
  },
  "platform/unknown-code": {
    status: 404,
    exit: 2,
    title: "There is no error of this code",
    remedy: "`mill explain` without a code lists all of them.",
    example: "mill explain project/not-found",
  },
});
