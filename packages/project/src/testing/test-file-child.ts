import { mapModule } from "@millwright/kernel";
import { TEST_VARIABLES } from "./protocol.ts";

// What each test file's process loads first: `millwright` means this installation.
const url = process.env[TEST_VARIABLES.millwright];
if (url !== undefined) mapModule("millwright", url);
