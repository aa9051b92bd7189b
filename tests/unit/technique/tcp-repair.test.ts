import { describe, expect, it } from "vitest";
import { simulate } from "./simulation.ts";

const REPAIR = { name: "tcp-repair", predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;

describe("injection by TCP_REPAIR", () => {
  it("swaps numbers through X, sends no SYN, and waits for both NATs to be open before the first data", () => {
    expect(simulate(REPAIR)).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a draw-numbers",
      "1 a measure-ttl",
      "1 b draw-numbers",
      "1 b measure-ttl",
      "2 a tells syn isn 100",
      "2 a predict",
      "2 b tells syn isn 200",
      "2 b predict",
      "3 x tells b peer-syn isn 100",
      "3 a tells ready 192.0.2.2:40001",
      "3 x tells a peer-syn isn 200",
      "3 b tells ready 198.51.100.2:50001",
      "4 x tells a peer 198.51.100.2:50001",
      "4 x tells b peer 192.0.2.2:40001",
      "5 a waits 0 for punch",
      "5 b waits 0 for punch",
      "5 a injects 5001 → 198.51.100.2:50001 seq 100+1 ack 200+1",
      "5 b injects 6001 → 192.0.2.2:40001 seq 200+1 ack 100+1",
      "6 a set-ttl 64",
      "6 a tells waiting",
      "6 b set-ttl 64",
      "6 b tells waiting",
      "7 x tells a open",
      "7 x tells b open",
      "8 a greet",
      "8 b greet",
      "9 a adopt",
      "9 b adopt",
    ]);
  });

  it("injects once, B later than A by the skew", () => {
    const lines = simulate({ ...REPAIR, skewMs: 40 }).filter((line) => line.includes("injects"));
    expect(lines.map((line) => line.slice(0, 12))).toEqual(["5 a injects ", "45 b injects"]);
  });
});
