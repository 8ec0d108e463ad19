import { mapMillwright } from "../definitions/resolve-hook.ts";
import { TEST_VARIABLES } from "./protocol.ts";

// What each test file's process loads first: `millwright` means this installation.
const url = process.env[TEST_VARIABLES.millwright];
if (url !== undefined) mapMillwright(url);
