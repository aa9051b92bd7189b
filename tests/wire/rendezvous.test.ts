import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../wire/address.ts";
import {
  LineSplitter,
  TECHNIQUES,
  parseHostMessage,
  parseRelayHeader,
  parseXMessage,
  type HostMessage,
  type RelayHeader,
  type SynReport,
  type XMessage,
} from "../../wire/rendezvous.ts";
import { offers } from "../unit/choice/arbitrary.ts";
import { endpoints as anyEndpoints, u16s, u32s } from "./arbitrary.ts";
import { itIsADialect } from "./dialect.ts";

/** What docs promise: a longer line ends the connection. */
const MAX_LINE_BYTES = 2048;

const texts = fc.string({ minLength: 1, maxLength: 200 });
const roles = fc.constantFrom("a" as const, "b" as const);
const wantedRoles = fc.constantFrom("a" as const, "b" as const, "any" as const);
const endpoints: fc.Arbitrary<Endpoint> = anyEndpoints.filter(({ port }) => port !== 0);
const constant = <T extends string>(t: T) => fc.constant(t);

const syns: fc.Arbitrary<SynReport> = fc.record(
  { isn: u32s, window: u16s, sackPermitted: fc.boolean(), mss: u16s, windowScale: fc.nat(14), tsval: u32s },
  { requiredKeys: ["isn", "window", "sackPermitted"] },
);

const steps = fc.nat(255);

const hostMessages: fc.Arbitrary<HostMessage> = fc.oneof(
  fc.record({
    t: constant("hello"),
    v: u32s,
    session: texts,
    key: texts,
    role: wantedRoles,
    technique: fc.constantFrom(...TECHNIQUES),
  }),

  fc.record({ t: constant("ready"), endpoint: endpoints }),
  fc.record({ t: constant("syn"), syn: syns }),
  fc.record({ t: constant("flood"), isn: u32s, count: u16s }),
  fc.record({ t: constant("sweep"), isn: u32s }),
  fc.record({ t: constant("searching"), packets: u32s }),
  fc.record({ t: constant("missed"), count: u32s }),
  fc.record({ t: constant("heard") }),
  fc.record({ t: constant("hit"), endpoint: endpoints }),
  fc.record({ t: constant("waiting") }),
  fc.record({ t: constant("established") }),
  fc.record({ t: constant("failed"), reason: texts }),
  fc.record({ t: constant("offer"), offer: offers }),
  fc.record({ t: constant("begin"), step: steps }),
  fc.record({ t: constant("outcome"), step: steps, ok: fc.boolean() }),
);

const xMessages: fc.Arbitrary<XMessage> = fc.oneof(
  fc.record({ t: constant("welcome"), v: u32s, observed: endpoints }),
  fc.record({ t: constant("refused"), reason: texts }),
  fc.record({ t: constant("paired") }),
  fc.record({ t: constant("peer"), endpoint: endpoints }),
  fc.record({ t: constant("peer-waiting") }),
  fc.record({ t: constant("peer-syn"), syn: syns }),
  fc.record({ t: constant("sprayed"), count: u16s }),
  fc.record({ t: constant("sweeping"), packets: u32s }),
  fc.record({ t: constant("peer-missed"), count: u32s }),
  fc.record({ t: constant("swept"), packets: u32s }),
  fc.record({ t: constant("open") }),
  fc.record({ t: constant("peer-failed"), reason: texts }),
  fc.record({ t: constant("peer-left") }),
  fc.record({ t: constant("x-failed"), reason: texts }),
  fc.record({ t: constant("peer-offer"), offer: offers }),
  fc.record({ t: constant("peer-begin"), step: steps }),
  fc.record({ t: constant("peer-outcome"), step: steps, ok: fc.boolean() }),
);

const relayHeaders: fc.Arbitrary<RelayHeader & { t: "relay" }> = fc.record({
  t: constant("relay"),
  session: texts,
  key: texts,
  role: roles,
});

const DIALECTS = [
  ["a host's message", parseHostMessage, hostMessages as fc.Arbitrary<object>],
  ["a message of X", parseXMessage, xMessages as fc.Arbitrary<object>],
  ["a relay header", parseRelayHeader, relayHeaders as fc.Arbitrary<object>],
] as const;

describe.each(DIALECTS)("%s", (_, parse, messages) => itIsADialect(parse, messages));

describe("a message", () => {
  it.each(["ready", "hit"])("%s does not name port 0 or an address in another spelling", (t) => {
    for (const endpoint of [
      { ip: "192.0.2.2", port: 0 },
      { ip: "192.0.2.02", port: 1 },
      { ip: "192.0.2", port: 1 },
      { ip: "192.0.2.2.", port: 1 },
    ])
      expect(parseHostMessage(JSON.stringify({ t, endpoint }))).toEqual({ ok: false, error: `malformed ${t}` });
  });

  it("may name a private endpoint besides", () => {
    for (const ip of ["10.1.0.2", "172.16.0.1", "172.31.255.255", "192.168.178.20", "100.64.0.2", "100.127.0.1"]) {
      const introduction = { endpoint: { ip: "192.0.2.2", port: 5 }, private: { ip, port: 5 } };
      expect(parseHostMessage(JSON.stringify({ t: "ready", ...introduction }))).toMatchObject({ ok: true });
      expect(parseXMessage(JSON.stringify({ t: "peer", ...introduction }))).toMatchObject({ ok: true });
    }
  });

  it.each(["8.8.8.8", "192.0.2.2", "127.0.0.1", "169.254.1.1", "172.32.0.1", "100.128.0.1", "0.0.0.0"])(
    "does not name %s as a private endpoint",
    (ip) => {
      const introduction = { endpoint: { ip: "192.0.2.2", port: 5 }, private: { ip, port: 5 } };
      expect(parseHostMessage(JSON.stringify({ t: "ready", ...introduction }))).toMatchObject({ ok: false });
      expect(parseXMessage(JSON.stringify({ t: "peer", ...introduction }))).toMatchObject({ ok: false });
    },
  );

  it("of one side is none of the other's", () => {
    expect(parseHostMessage('{"t":"open"}')).toEqual({ ok: false, error: "unknown message" });
    expect(parseXMessage('{"t":"established"}')).toEqual({ ok: false, error: "unknown message" });
  });
});

describe("LineSplitter", () => {
  const lines = fc.array(
    fc.string({ maxLength: 40 }).map((line) => line.replaceAll("\n", "")),
    { maxLength: 8 },
  );

  it("gives the same lines however the stream is cut", () => {
    fc.assert(
      fc.property(lines, fc.string({ maxLength: 9 }), fc.array(fc.nat(400)), (whole, rest, cuts) => {
        const stream = whole.map((line) => `${line}\n`).join("") + rest.replaceAll("\n", "");
        const splitter = new LineSplitter();
        const pushed = pieces(stream, cuts).map((chunk) => splitter.push(chunk));
        expect(pushed.flatMap((push) => push.lines)).toEqual(whole);
        expect(pushed.some(({ overflow }) => overflow)).toBe(false);
      }),
    );
  });

  it("passes a line of the greatest length and reports the next longer one, ended or not, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 * MAX_LINE_BYTES)), fc.boolean(), (cuts, ended) => {
        const reported = (length: number): boolean => {
          const splitter = new LineSplitter();
          const stream = `first\n${"x".repeat(length)}${ended ? "\n" : ""}`;
          return pieces(stream, cuts).some((chunk) => splitter.push(chunk).overflow);
        };
        expect(reported(MAX_LINE_BYTES)).toBe(false);
        expect(reported(MAX_LINE_BYTES + 1)).toBe(true);
      }),
    );
  });

  it("has room for the longest message that a host may send", () => {
    const text = "x".repeat(200);
    const hello = { t: "hello", v: 0xffffffff, session: text, key: text, role: "a", technique: "simultaneous-open" };
    const { lines: read, overflow } = new LineSplitter().push(`${JSON.stringify(hello)}\n`);
    expect(overflow).toBe(false);
    expect(parseHostMessage(read[0] ?? "")).toMatchObject({ ok: true });
  });
});

function pieces(stream: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.filter((cut) => cut <= stream.length).toSorted((one, other) => one - other), stream.length];
  return at.slice(1).map((end, index) => stream.slice(at[index], end));
}
