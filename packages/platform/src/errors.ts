import { defineErrors } from "@millwright/kernel";

export const platformErrors = defineErrors("platform", {
  "platform/locked": {
    status: 409,
    exit: 2,
    title: "Another process works on this project",
    remedy: "Wait until it ends, or stop it. Commands that only read go through a running `mill up` by themselves.",
    example: "process 4711 holds the lock of examples/flights",
  },
  "platform/starting": {
    status: 503,
    title: "It is not ready yet",
    remedy: "Ask again in a moment: `/readyz` answers with 200 once it is.",
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
  "platform/disk-fault": {
    status: 500,
    title: "The disk reports a fault",
    remedy:
      "What was acknowledged is kept, and what was under way is not; run it again. If it happens again, look at the system's log: the disk may be failing. `mill doctor --verify` tells whether all that was written can still be read.",
    example: "EIO: i/o error, fsync",
  },
  "platform/damaged-file": {
    status: 500,
    title: "A file of the project's state is not as it was written",
    remedy:
      "Bring it from a backup, or have it made anew: `mill run --select NAME --force`. `mill doctor --verify` tells of every such file; more than one speaks for a failing disk.",
    example: ".mill/artifacts/0199…/signature.json is not as it was written",
  },
  "platform/damaged-database": {
    status: 500,
    title: "A database of the project's state is not as it was left",
    remedy:
      "Bring it from a backup (with the `.sha256` beside it, or without one). If something else has written to it meanwhile, which you trust, remove the `.sha256` beside it. `mill clean` removes all state and `mill run` makes it anew.",
    example: ".mill/metadata.db is not as it was left",
  },
  "platform/database-url": {
    status: 400,
    exit: 2,
    title: "The address of the metadata database cannot be read",
    remedy:
      "Set the variable to a URL of the form `postgresql://user:password@host:5432/database`; letters such as @ or / in the password are written %40 and %2F.",
    example: "METADATA_URL=postgresql://mill:secret@db.example.org:5432/mill",
  },
  "platform/database-unreachable": {
    status: 503,
    title: "The metadata database does not answer",
    remedy:
      "Start it, or correct its address, then run it again: what was stored is kept, and what was under way is done anew. `mill doctor` tells whether it answers.",
  },
  "platform/database-refused": {
    status: 403,
    exit: 2,
    title: "The metadata database does not let this in",
    remedy:
      "Correct user, password and database of the URL. The role must be allowed to create a schema in the database, or own the one that `schema` names.",
    example: "create role mill login password '…'; create database mill owner mill",
  },
  "platform/schema-taken": {
    status: 409,
    exit: 2,
    title: "The schema of the metadata database is not this project's",
    remedy: 'Give the project a schema of its own in millwright.ts: `postgres({ url: env("…"), schema: "…" })`.',
  },
  "platform/other-files": {
    status: 409,
    exit: 2,
    title: "The metadata database tells of other files than this project's",
    remedy:
      "Give this project a schema of its own (`schema` of `postgres({…})`), or put it where the lake's files are. If `.mill` was removed by hand, `drop schema … cascade` lets it begin anew; `mill clean` does both.",
  },
  "platform/missing-variable": {
    status: 400,
    exit: 2,
    title: "An environment variable that the project names is not set",
    remedy: "Set it for this command and for `mill up`; its value is neither stored nor logged.",
    example: "METADATA_URL=postgresql://mill:secret@localhost:5432/mill mill run",
  },
  "platform/busy": {
    status: 503,
    title: "More writes wait than the metadata database takes",
    remedy: "Ask again in a moment, with fewer writers at once.",
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
  "platform/wrong-method": {
    status: 405,
    title: "What is at this address does not take this method",
    remedy: "The Allow header names those it takes; /api/openapi.json lists the operations.",
    example: "DELETE /api/v1/tables",
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
