import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../../orchestrator/evidence/types.ts";
import { layersOf } from "../../../../orchestrator/plan/shape.ts";
import { renderLadder } from "../../../../orchestrator/report/ladder/ascii.ts";
import { figureOf, type Subject } from "../../../../orchestrator/report/ladder/figure.ts";
import { namesOf } from "../../../../orchestrator/report/ladder/names.ts";
import { plain } from "../../../../orchestrator/report/words.ts";
import { timelineOf } from "../../../../orchestrator/timeline/timeline.ts";
import type { NodeId } from "../../../../wire/control.ts";
import { recorded, type Recording } from "../../verdict/recorded/index.ts";

async function figure(
  name: Recording,
  subject: Subject,
  change: (evidence: Evidence) => Evidence = (evidence) => evidence,
) {
  const { cell, evidence: whole } = await recorded(name);
  const evidence = change(whole);
  const names = namesOf(Object.keys(evidence.captures) as NodeId[]);
  const steps = figureOf(timelineOf(evidence, layersOf(cell)), names, subject);
  return renderLadder(steps, { paint: plain, columns: 120 }).split("\n");
}

/** Whatever B's hosts and NAT saw, and X and R of B, later or earlier by so much. */
const shifted =
  (byUs: number) =>
  (evidence: Evidence): Evidence => {
    const captures = Object.entries(evidence.captures).map(([node, capture]) => [
      node,
      {
        ...capture,
        packets: capture.packets.map((one) => {
          const ofB = [12, 16].some((at) => one.bytes[at] === 198 || (one.bytes[at] === 10 && one.bytes[at + 1] === 2));
          const ofA = [12, 16].some((at) => one.bytes[at] === 192 || (one.bytes[at] === 10 && one.bytes[at + 1] === 1));
          return ofB && !ofA ? { ...one, atUs: one.atUs + byUs } : one;
        }),
      },
    ]);
    return { ...evidence, captures: Object.fromEntries(captures) as Evidence["captures"] };
  };

describe("a figure", () => {
  it("shows how X's forged SYN+ACKs open the connection, without a number that another run would not have", async () => {
    expect(await figure("direct-forged", "connection")).toEqual([
      " A          NA           R           X          NB           B",
      " o───────────◆───────────✗           │           │           │  SYN A:p as NA:q → NB:r, ttl 2→1",
      " │           │           │           │           │           │  ✗ R answered with ICMP time-exceeded",
      " │           │           ✗───────────│───────────◆───────────o  SYN B:r as NB:r → NA:q, ttl 2→1",
      " │           │           │           │           │           │  ✗ R answered with ICMP time-exceeded",
      " │<──────────◆───────────│───────────o           │           │  SYN+ACK NB:r → NA:q for A:p, forged, ttl 64→62",
      " │           │           │           o───────────◆──────────>│  SYN+ACK NA:q → NB:r for B:r, forged, ttl 64→62",
      " │<──────────◆───────────┼───────────│───────────◆──────────>│  data A:p ↔ NB:r",
      "",
    ]);
  });

  it("shows a prediction connection by connection", async () => {
    const ports = (await figure("direct-forged", "prediction")).flatMap(
      (line) => /SYN (\S+) as (\S+) → (\S+),/.exec(line)?.slice(1) ?? [],
    );
    expect(ports).toEqual([
      "A:p",
      "NA:q",
      "X:7001",
      "A:p+1",
      "NA:q+1",
      "X:7001",
      "A:p+2",
      "NA:q+2",
      "X:7001",
      "A:p+2",
      "NA:q+3",
      "X:7002",
    ]);
  });

  it("is the same whichever of two hosts was quicker", async () => {
    const drawn = await figure("direct-forged", "connection");
    for (const byUs of [-500, 500]) expect(await figure("direct-forged", "connection", shifted(byUs))).toEqual(drawn);
  });

  it("draws a flood as one arrow, and of the packets that hit the first", async () => {
    const lines = await figure("no-collision", "connection");
    expect(lines.filter((line) => line.includes("SYN A"))).toHaveLength(1);
    expect(lines.join("\n")).not.toMatch(/\d{4}/);
  });
});
