import { describe, expect, it } from "vitest";
import { ipv4, port } from "../../../wire/address.ts";
import type { ConntrackRecord } from "../../../wire/evidence.ts";
import { keptBy } from "../../../orchestrator/timeline/mapping.ts";

const A = { ip: ipv4("10.1.0.2"), port: port(5000) };
const NA = { ip: ipv4("192.0.2.2"), port: port(5000) };
const NB = { ip: ipv4("198.51.100.2"), port: port(7000) };

function told(event: ConntrackRecord["event"], id: number, atUs: number): ConntrackRecord {
  const ends = { original: { src: A, dst: NB }, reply: { src: NB, dst: NA } };
  return { event, id, atUs, protocol: 6, ...ends, state: "SYN_SENT", assured: false };
}

describe("the connections that a NAT kept", () => {
  it("begin with the packet that opened them, and not with that of an earlier try from the same port", () => {
    const events = [told("new", 1, 110), told("destroy", 1, 130), told("new", 2, 1110), told("destroy", 2, 1130)];
    const kept = keptBy(events, () => [100, 1100]);
    expect(kept.map(({ fromUs, toUs }) => [fromUs, toUs])).toEqual([
      [100, 130],
      [1100, 1130],
    ]);
  });
});
