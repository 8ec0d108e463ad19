import { Type } from "@millwright/kernel";
import { platformErrors, type Command } from "@millwright/platform";
import { completionScript } from "@millwright/platform/completion";

export const completion: Command = {
  name: "completion",
  summary: "the script with which bash, zsh or fish completes commands and names",
  arguments: ["SHELL"],
  options: {},
  example: "source <(mill completion bash)",
  output: Type.Object({ shell: Type.String(), script: Type.String() }),
  handler: (call) => {
    const [shell = ""] = call.arguments;
    const script = completionScript(shell);
    if (script === undefined)
      throw platformErrors.create("platform/usage", {
        because: `there is no completion for ${JSON.stringify(shell)}`,
        remedy: "There is one for bash, for zsh and for fish.",
      });
    call.out.result({ shell, script }, () => script.trimEnd());
    return Promise.resolve(0);
  },
};
