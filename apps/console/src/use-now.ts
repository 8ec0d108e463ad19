import { useSyncExternalStore } from "react";

interface Ticker {
  nowMs: number;
  timer: ReturnType<typeof setInterval> | undefined;
  readonly listeners: Set<() => void>;
}

const tickers = new Map<number, Ticker>();

/** The time, told anew every so often, for what says how long ago something was. All who ask alike share one timer. */
export function useNow(everyMs = 10_000): number {
  const ticker = tickerOf(everyMs);
  return useSyncExternalStore(
    (listener) => follow(ticker, { everyMs, listener }),
    () => ticker.nowMs,
  );
}

function tickerOf(everyMs: number): Ticker {
  const known = tickers.get(everyMs);
  if (known !== undefined) return known;
  const made: Ticker = { nowMs: Date.now(), timer: undefined, listeners: new Set() };
  tickers.set(everyMs, made);
  return made;
}

function follow(
  ticker: Ticker,
  { everyMs, listener }: { readonly everyMs: number; readonly listener: () => void },
): () => void {
  const tick = () => {
    ticker.nowMs = Date.now();
    for (const told of ticker.listeners) told();
  };
  ticker.listeners.add(listener);
  ticker.timer ??= setInterval(tick, everyMs);
  if (Date.now() - ticker.nowMs >= everyMs) tick();
  return () => {
    ticker.listeners.delete(listener);
    if (ticker.listeners.size > 0) return;
    clearInterval(ticker.timer);
    ticker.timer = undefined;
  };
}
