import { defineErrors } from "@millwright/kernel";

/** What clients of the Iceberg catalog are told; the protocol's own name of each is beside them in `rest/replies.ts`. */
export const icebergErrors = defineErrors("iceberg", {
  "iceberg/bad-request": {
    status: 400,
    title: "The catalog cannot read this request",
    remedy: "Correct the named part; the Iceberg REST catalog's specification says what each request holds.",
  },
  "iceberg/invalid-change": {
    status: 400,
    title: "A table cannot become what was asked for",
    remedy: "Load the table anew and make the change from what it is now.",
  },
  "iceberg/not-authorized": {
    status: 401,
    title: "These credentials are not known",
    remedy: "Give the client the id and the secret that `engines.iceberg` of millwright.ts names.",
  },
  "iceberg/foreign-location": {
    status: 400,
    title: "A place outside the warehouse was named",
    remedy: "Leave the location away, or name one below the warehouse that `GET /iceberg/v1/config` tells.",
  },
  "iceberg/no-such-warehouse": {
    status: 404,
    title: "There is no such warehouse",
    remedy: "Ask for `NAME` or `NAME@branch`, NAME being the project's; `mill table branches` shows the branches.",
  },
  "iceberg/no-such-namespace": {
    status: 404,
    title: "There is no such namespace",
    remedy: "Create it first; the project's own tables are in `main`.",
  },
  "iceberg/no-such-table": {
    status: 404,
    title: "There is no such Iceberg table",
    remedy: "List the tables of its namespace.",
  },
  "iceberg/no-such-view": {
    status: 404,
    title: "There is no such Iceberg view",
    remedy: "List the views of its namespace.",
  },
  "iceberg/not-found": {
    status: 404,
    title: "The catalog has nothing at this address",
    remedy: "`GET /iceberg/v1/config` lists the addresses there are.",
  },
  "iceberg/unsupported": {
    status: 406,
    title: "The catalog does not do this",
    remedy: "`GET /iceberg/v1/config` lists what it does.",
  },
  "iceberg/already-exists": {
    status: 409,
    title: "The name is taken",
    remedy: "Choose another name, or drop what has it.",
  },
  "iceberg/namespace-not-empty": {
    status: 409,
    title: "The namespace is not empty",
    remedy: "Drop what is in it first.",
  },
  "iceberg/commit-failed": {
    status: 409,
    title: "The table is not as the commit requires",
    remedy: "Nothing was changed. Load the table anew and commit again.",
  },
  "iceberg/unprocessable": {
    status: 422,
    title: "The request contradicts itself",
    remedy: "Name each property once: to set it, or to take it away.",
  },
  "iceberg/commit-state-unknown": {
    status: 500,
    title: "Whether the commit was made is not known",
    remedy: "Load the table and look whether the snapshot is there. No file was deleted.",
  },
});
