import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { ADDRESS } from "../../../orchestrator/plan/addresses.ts";
import type { Segment } from "../../../orchestrator/verdict/sightings.ts";
import { KEPT_PER_FAN } from "../../../wire/evidence.ts";
import { mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

describe("a spray's verdict", () => {
  it("is port-exhausted where less than half of its SYNs left the NAT, though most were only counted", async () => {
    const { cell, evidence } = await recorded("spray-exhausted");
    const outcome = mustBeBlocked(judge(cell, evidence));
    expect(outcome).toMatchObject({ cause: "port-exhausted", at: "nb" });
    const [, lost, sent] = /^(\d+) of B's (\d+) SYNs to 192\.0\.2\.2 entered NB and never left it/.exec(outcome.why)!;
    expect(Number(sent)).toBe(2048);
    expect(Number(lost)).toBeGreaterThanOrEqual(2048 - 200);
    expect(Number(lost)).toBeLessThan(2048);
  });

  it("is another one where as many left as had entered", async () => {
    const { cell, evidence } = await recorded("spray-exhausted");
    const capture = evidence.captures.nb!;
    const entered = capture.fans!.find(({ iface, direction }) => iface === "in" && direction === "in")!;
    const left = { ...entered, iface: "out", direction: "out" as const };
    const all: Evidence = {
      ...evidence,
      captures: { ...evidence.captures, nb: { ...capture, fans: [...capture.fans!, left] } },
    };
    expect(judge(cell, all)).not.toMatchObject({ cause: "port-exhausted" });
  });

  it.each([
    ["spray-missed", /^100 SYNs of B left NB, none of them from port \d+, where A waited for one$/],
    ["blind-missed", /^100 SYNs of [AB] left N[AB], none of them from port \d+, where [AB] waited for one$/],
  ] as const)("is no-collision where none met: %s", async (name, sentence) => {
    const { cell, evidence } = await recorded(name);
    const outcome = mustBeBlocked(judge(cell, evidence));
    expect(outcome.cause).toBe("no-collision");
    expect(outcome.why).toMatch(sentence);
  });

  it("is filtered where a NAT refused the SYN that met: of thousands that are only counted, the two that crossed are there", async () => {
    const { cell, evidence } = await recorded("blind-refused");
    const { cause, at, why } = mustBeBlocked(judge(cell, evidence));
    const said =
      /^N([AB]) dropped [AB]'s SYN from (\S+) to (\S+) without an answer \((\d+) in all\); [AB]'s own SYN had left there for it [\d.]+ ms before, and N[AB] lets no SYN in after it; crossingSyn=refuse$/.exec(
        why,
      );
    expect(cause, why).toBe("filtered");
    expect(at).toBe(`n${said?.[1]?.toLowerCase()}`);
    expect(Number(said?.[4])).toBeGreaterThan(2 * KEPT_PER_FAN);
    // without the one that it met, no mapping admitted it
    const isOwn = ({ kind, iface, src }: Segment) => kind === "syn" && iface === "out" && src.ip === ADDRESS.naOutside;
    const alone = judge(cell, withoutSegments(isOwn)(evidence));
    expect(alone).not.toMatchObject({ why: expect.stringContaining("crossingSyn") as string });
  });

  it("is direct without X only where X sent nothing under another's address", async () => {
    const { cell, evidence } = await recorded("direct-blind");
    const outcome = judge(cell, evidence);
    if (outcome.verdict !== "direct") throw new Error(outcome.why);
    expect(outcome.proof.handshake).toBe("crossed");
    expect(outcome.proof.points.map(({ claim }) => claim)).toContain("X forged nothing");
    // a SYN of A's, put into X's mouth
    const x = evidence.captures.x!;
    const syn = evidence.captures.na!.packets.find(({ iface }) => evidence.captures.na!.interfaces[iface] === "out")!;
    const forged = { ...syn, iface: x.interfaces.indexOf("wan"), direction: "out" as const };
    const lying: Evidence = {
      ...evidence,
      captures: { ...evidence.captures, x: { ...x, packets: [...x.packets, forged] } },
    };
    expect(judge(cell, lying)).toMatchObject({ verdict: "unknown" });
  });
});

it("sockets made by TCP_REPAIR are direct, and said to be injected", async () => {
  const { cell, evidence } = await recorded("direct-injected");
  const outcome = judge(cell, evidence);
  expect(outcome).toMatchObject({ verdict: "direct", proof: { handshake: "injected" } });
});

it("an injected socket whose first data a NAT answered with RST was reset by the NAT", async () => {
  const { cell, evidence } = await recorded("injected-reset");
  const outcome = mustBeBlocked(judge(cell, evidence));
  expect(outcome).toMatchObject({ cause: "reset-by-nat", at: "nb" });
  expect(outcome.why).toMatch(
    /^NB answered A's segment from 192\.0\.2\.2:\d+ to 198\.51\.100\.2:\d+ with RST .* after it arrived/,
  );
});
