import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Port } from "../../wire/address.ts";
import {
  ICMP_ERRORS,
  parseProberMessage,
  parseProbeReply,
  type ProberMessage,
  type ProbeReply,
} from "../../wire/probe.ts";
import { MAX_LINE } from "../../wire/rendezvous.ts";
import { endpoints as anyEndpoints, u8s, u32s } from "./arbitrary.ts";
import { itIsADialect } from "./dialect.ts";

const constant = <T extends string>(t: T) => fc.constant(t);
const ports = fc.integer({ min: 1, max: 0xffff });
const endpoints = fc.record({ ip: anyEndpoints.map(({ ip }) => ip), port: ports.map((value) => value as Port) });
const flags = fc.nat(0x1ff);
const times = fc.nat(Number.MAX_SAFE_INTEGER);

const asked: fc.Arbitrary<ProberMessage> = fc.oneof(
  fc.record({ t: constant("hello"), v: u32s }),
  fc.record({
    t: constant("segment"),
    id: u32s,
    from: endpoints,
    to: ports,
    flags,
    seq: u32s,
    ack: u32s,
    bytes: fc.nat(64),
  }),
  fc.record({
    t: constant("icmp"),
    id: u32s,
    error: fc.constantFrom(...ICMP_ERRORS),
    from: endpoints,
    to: ports,
    seq: u32s,
  }),
  fc.record({ t: constant("watch"), seq: u32s }),
  fc.record({ t: constant("ping") }),
);

const told: fc.Arbitrary<ProbeReply> = fc.oneof(
  fc.record({
    t: constant("welcome"),
    v: u32s,
    observed: endpoints,
    addresses: fc.array(
      endpoints.map(({ ip }) => ip),
      { minLength: 1, maxLength: 8 },
    ),
    probes: fc.array(ports, { minLength: 1, maxLength: 8 }),
    silent: fc.record({ from: ports, to: ports }),
  }),
  fc.record({ t: constant("sent"), id: u32s, atUs: times }),
  fc.record({ t: constant("seen"), atUs: times, src: endpoints, dst: endpoints, flags, seq: u32s, ack: u32s }),
  fc.record({
    t: constant("seen-icmp"),
    atUs: times,
    by: endpoints.map(({ ip }) => ip),
    type: u8s,
    code: u8s,
    src: endpoints,
    dst: endpoints,
  }),
  fc.record({ t: constant("pong") }),
  fc.record({ t: constant("refused"), reason: fc.string({ minLength: 1, maxLength: 200 }) }),
);

describe("what a prober asks", () => itIsADialect(parseProberMessage, asked));
describe("what X tells a prober", () => itIsADialect(parseProbeReply, told, 2 ** 53));

describe("an errand for X", () => {
  it.each([
    ["has payload beyond 64 bytes", { bytes: 65 }],
    ["goes to port 0", { to: 0 }],
    ["has flags that TCP has not", { flags: 0x200 }],
    ["names no port of X", { from: { ip: "203.0.113.2", port: 0 } }],
  ])("is refused where it %s", (_, wrong) => {
    const from = { ip: "203.0.113.2", port: 7100 };
    const errand = { t: "segment", id: 1, from, to: 40_000, flags: 2, seq: 0, ack: 0, bytes: 64 };
    expect(parseProberMessage(JSON.stringify(errand)).ok).toBe(true);
    expect(parseProberMessage(JSON.stringify({ ...errand, ...wrong })).ok).toBe(false);
  });

  it("fits a line, as does the longest thing that X tells", () => {
    fc.assert(
      fc.property(fc.oneof<fc.Arbitrary<object>[]>(asked, told), (message) => {
        expect(JSON.stringify(message).length).toBeLessThanOrEqual(MAX_LINE);
      }),
    );
  });
});
