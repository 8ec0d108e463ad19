import { defineErrors } from "@millwright/kernel";

export const orchestrationErrors = defineErrors("orchestration", {
  "orchestration/cycle": {
    status: 422,
    title: "The steps of the road wait for each other in a circle",
    remedy: "Break the circle at one of the named steps: a table must not read, directly or by others, from itself.",
    example: "table:a → table:b → table:a",
  },
  "orchestration/unknown-task": {
    status: 404,
    exit: 2,
    title: "The road has no such step",
    remedy:
      "`mill status` lists the steps; a selector is a name, `name+` (and what hangs on it) or `+name` (and what it needs).",
    example: "mill run --select departures+",
  },
  "orchestration/run-in-progress": {
    status: 409,
    exit: 2,
    title: "A run is under way",
    remedy: "Wait until it ends (`mill status`), or stop it in the console.",
  },
  "orchestration/bad-schedule": {
    status: 422,
    exit: 2,
    title: "No timetable can be made of the schedule",
    remedy:
      "Give five cron fields (minute, hour, day of the month, month, day of the week) and an IANA time zone, or a distance such as `6h`.",
    example: 'schedule: { cron: "0 6 * * MON-FRI", timezone: "Europe/Zurich" }',
  },
  "orchestration/unknown-run": {
    status: 404,
    title: "There is no run of this id",
    remedy: "`mill status` shows the last run.",
  },
});
