import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createVoice } from "../src/voice.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function listen({ isTTY = false, stays = false } = {}) {
  const said = { stdout: "", stderr: "" };
  const voice = createVoice({
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { isTTY, write: (text) => (said.stderr += text) },
    title: "mill check",
    stays,
    nowMs: () => Date.now(),
  });
  return { said, voice };
}

test("a command is heard at once, and long work is never silent for two seconds", () => {
  const { said, voice } = listen();
  expect(said.stderr).toBe("… mill check\n");
  vi.advanceTimersByTime(4_100);
  expect(said.stderr).toBe("… mill check\n… mill check, 2 s\n… mill check, 4 s\n");
  voice.working?.(() => "… tests, 3 of 5");
  vi.advanceTimersByTime(2_000);
  expect(said.stderr).toMatch(/4 s\n… tests, 3 of 5\n$/);
  voice.stop();
  vi.advanceTimersByTime(10_000);
  expect(said.stderr).toMatch(/3 of 5\n$/);
});

test("who speaks is not interrupted", () => {
  const { said, voice } = listen();
  for (let second = 0; second < 5; second += 1) {
    vi.advanceTimersByTime(1_000);
    voice.stdout.write("row\n");
  }
  expect(said).toEqual({ stdout: "row\n".repeat(5), stderr: "… mill check\n" });
});

test("what stays until it is told to end may be silent, unless something is at work", () => {
  const { said, voice } = listen({ stays: true });
  let work = "";
  voice.working?.(() => work);
  vi.advanceTimersByTime(10_000);
  expect(said.stderr).toBe("… mill check\n");
  work = "… training";
  vi.advanceTimersByTime(300);
  expect(said.stderr).toBe("… mill check\n… training\n");
});

test("on a terminal it is one line, which the next output takes the place of", () => {
  const { said, voice } = listen({ isTTY: true });
  vi.advanceTimersByTime(2_000);
  voice.stdout.write("answer\n");
  expect(said.stderr).toBe("\r\u001b[2K… mill check\r\u001b[2K… mill check, 2 s\r\u001b[2K");
  voice.stop();
  expect(said.stderr.endsWith("2 s\r\u001b[2K")).toBe(true);
  expect(said.stdout).toBe("answer\n");
});
