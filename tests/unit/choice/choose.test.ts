import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { castOnly, choose, type Step } from "../../../agents/choice/choose.ts";
import { lacksFor, needsOf } from "../../../agents/choice/needs.ts";
import { PLAIN } from "../../../agents/choice/plain.ts";
import { ipv4 } from "../../../wire/address.ts";
import { OFFER_VERSION, type NatTraits, type Offer } from "../../../wire/traits.ts";
import { offers } from "./arbitrary.ts";

/** A home router's NAT: keeps ports, drops what nobody asked for, and lets ICMP errors in. */
const HOME: NatTraits = {
  outside: ipv4("192.0.2.2"),
  rttMs: 1,
  ports: "preserved",
  open: false,
  openToAddress: false,
  refusal: "silence",
  ttlError: true,
  crossing: true,
  ignoresReset: false,
  sequenceKept: true,
  sourceRoute: "refuse",
};
const FORGES = { forges: true };

const offer = (nat: Partial<NatTraits> = {}, more: Partial<Offer> = {}): Offer => ({
  v: OFFER_VERSION,
  capabilities: ["raw", "admin"],
  nat: { ...HOME, ...nat },
  ...more,
});
const away = (nat: Partial<NatTraits> = {}, more: Partial<Offer> = {}): Offer =>
  offer({ outside: ipv4("198.51.100.2"), ...nat }, more);

/** `stunt-2 low-ttl kept, a is b` */
const words = ({ technique, a }: Step): string => {
  const { name } = technique;
  const syn = "syn" in technique && name !== "simultaneous-open" ? ` ${technique.syn}` : "";
  const socket = "socket" in technique ? ` ${technique.socket}` : "";
  const shift = "sequenceShift" in technique && technique.sequenceShift === "learned" ? " shifted" : "";
  const search = "search" in technique ? ` ${technique.search}${shift}` : "";
  const skew = "skewMs" in technique && name === "simultaneous-open" && technique.skewMs === 0 ? " at once" : "";
  return `${name}${syn}${socket}${search}${skew} ${a}`;
};
const planned = (a: Offer, b: Offer, x = FORGES): string[] => choose(a, b, x).map(words);
const first = (a: Offer, b: Offer, x = FORGES): string | undefined => planned(a, b, x)[0];

describe("what is tried first", () => {
  const OPEN = { ports: "consistent", open: true } as const;
  const RESETS = { refusal: "reset" } as const;
  const HIDES = { ttlError: false } as const;
  const RANDOM = { ports: "random" } as const;
  const AWARE = { sourceRoute: "aware" } as const;

  it.each([
    ["of two silent NATs A's SYN goes first", offer(), away(), "simultaneous-open a"],
    [
      "of a NAT that answers with RST the host goes first, so that the other drops it",
      offer(RESETS),
      away(),
      "simultaneous-open a",
    ],
    ["and on the other side as well", offer(), away(RESETS), "simultaneous-open b"],
    ["one that refuses crossing SYNs is not who waits", offer({ crossing: false }), away(), "simultaneous-open b"],
    [
      "where both answer with RST, a SYN dies before them",
      offer({ ...RESETS, ...HIDES }),
      away(RESETS),
      "stunt-2 low-ttl kept a",
    ],
    ["on whichever side that is not reported", offer(RESETS), away({ ...RESETS, ...HIDES }), "stunt-2 low-ttl kept b"],
    ["a standing mapping that lets anybody in is dialled", offer(RANDOM), away(OPEN), "connect a"],
    ["on either side", offer(OPEN), away(RANDOM), "connect b"],
    ["a host without NAT is dialled", offer(), away({ ports: "untranslated", open: true }), "connect a"],
    ["an open NAT that keeps ports listens", offer({ open: true }), away(RANDOM), "sequential-open a"],
    [
      "a random port is looked for from its own side",
      offer({ ...RANDOM, ...HIDES }),
      away(HIDES),
      "natblaster-4 ack-sweep a",
    ],
    ["whichever it is", offer(HIDES), away({ ...RANDOM, ...HIDES }), "natblaster-4 ack-sweep b"],
    [
      "and the shift with it, where its NAT shifts sequence numbers",
      offer({ ...RANDOM, ...HIDES, sequenceKept: false }),
      away(HIDES),
      "natblaster-4 ack-sweep shifted a",
    ],
    [
      "a NAT that reads source routes shows its random port",
      offer({ ...RANDOM, ...AWARE }),
      away(AWARE),
      "natblaster-3 a",
    ],
    [
      "where nobody lets crossing SYNs in, X answers",
      offer({ ...HIDES, crossing: false }),
      away({ ...HIDES, crossing: false }),
      "natblaster-2 low-ttl a",
    ],
    [
      "even where errors come back, if both are silent",
      offer({ crossing: false }),
      away({ crossing: false }),
      "natblaster-2 normal a",
    ],
    [
      "source routes keep SYNs away from a NAT that would refuse them",
      offer({ ...RESETS, ...AWARE }),
      away({ ...RESETS, ...AWARE }),
      "natblaster-1 a",
    ],
    [
      "over a long way SYNs cross before a RST",
      offer({ ...RESETS, rttMs: 60 }),
      away({ ...RESETS, rttMs: 40 }),
      "simultaneous-open at once a",
    ],
    ["two hosts behind one NAT look for each other within", offer(), offer(), "p2pnat a"],
    [
      "behind two random NATs a search over both port spaces",
      offer(RANDOM),
      away(RANDOM),
      "natblaster-6 normal anchor a",
    ],
    [
      "a random NAT that refuses what misses sees nothing that does",
      offer({ ...RANDOM, ...RESETS }),
      away(HIDES),
      "birthday-open low-ttl a",
    ],
    [
      "one whose RSTs the other NAT keeps to itself may refuse what misses",
      offer({ ...RANDOM, ...RESETS }),
      away({ ignoresReset: true }),
      "birthday-open normal a",
    ],
    [
      "a NAT that lets in every port of an address that was sent to need not know which",
      offer({ ports: "consistent", openToAddress: true }),
      away({ ...RANDOM, ...RESETS, crossing: false }),
      "sequential-open a",
    ],
    [
      "a sequence and a random port are searched for one after the other",
      offer({ ports: "sequential" }),
      away(RANDOM),
      "natblaster-6 normal anchor a",
    ],
    [
      "where a NAT would refuse what misses, the first SYNs of the search do not get there",
      offer({ ...RANDOM, ...RESETS, ...HIDES }),
      away({ ...RANDOM, ...RESETS }),
      "natblaster-6 low-ttl anchor a",
    ],
    [
      "behind two random NATs that refuse what misses only X is left",
      offer({ ...RANDOM, refusal: "reset" }),
      away({ ...RANDOM, refusal: "reset" }),
      "relay a",
    ],
    [
      "where every SYN is refused and every error comes back, sockets without a handshake",
      offer({ refusal: "reset", ttlError: true }),
      away({ refusal: "reset", ttlError: true }),
      "tcp-repair a",
    ],
  ])("%s", (_, a, b, wanted) => {
    expect(first(a, b)).toBe(wanted);
  });

  it("is a search of the hosts alone behind two random NATs where X cannot forge", () => {
    expect(first(offer(RANDOM), away(RANDOM), { forges: false })).toBe("natblaster-6 normal blind a");
  });

  it("is never a forgery where sequence numbers change, or both are behind one NAT", () => {
    const hidden = { ttlError: false, crossing: false };
    for (const [a, b] of [
      [offer(hidden), away({ ...hidden, sequenceKept: false })],
      [offer(hidden), offer(hidden)],
    ] as const)
      expect(planned(a, b).filter((step) => step.startsWith("natblaster"))).toEqual([]);
  });

  it("is what may work, in both casts, where nothing was measured", () => {
    const unknown: Offer = { v: OFFER_VERSION, capabilities: [] };
    expect(planned(unknown, unknown, { forges: false })).toEqual([
      "p2pnat a",
      "connect a",
      "connect b",
      "simultaneous-open a",
      "simultaneous-open b",
      "sequential-open a",
      "sequential-open b",
      "birthday-open normal a",
      "birthday-open normal b",
      "birthday-open low-ttl a",
      "birthday-open low-ttl b",
      "simultaneous-open at once a",
      "relay a",
    ]);
  });

  it("needs nothing that a host does not have", () => {
    const resets = { refusal: "reset", ttlError: false } as const;
    const bare = { capabilities: [] } as const;
    expect(first(offer(resets), away(resets))).toBe("stunt-2 low-ttl kept a");
    expect(first(offer(resets, bare), away(resets))).toBe("stunt-2 low-ttl kept b");
    expect(first(offer(resets, bare), away(resets, bare))).toBe("relay a");
    const random = offer({ ports: "random", ttlError: false });
    expect(first(random, away({ ttlError: false }), { forges: false })).toBe("birthday-open normal a");
    expect(first(random, away({ ports: "sequential" }), { forges: false })).toBe("natblaster-6 normal blind a");
    const refusing = away({ ports: "sequential", ...resets });
    expect(first(random, refusing, { forges: false })).toBe("relay a");
  });

  it("ends a search with another one, and the relay at the very end", () => {
    const steps = planned(offer({ ports: "random", ttlError: false }), away({ ttlError: false }));
    expect(steps).toEqual([
      "natblaster-4 ack-sweep a",
      "natblaster-4 birthday a",
      ...[1, 2, 3].map(() => "birthday-open normal a"),
      "natblaster-6 normal anchor a",
      "natblaster-6 normal blind a",
      "relay a",
    ]);
  });
});

describe("a plan, whatever was measured,", () => {
  const forges = fc.boolean().map((may) => ({ forges: may }));

  it("ends with the relay, and no step needs what somebody lacks", () => {
    fc.assert(
      fc.property(offers, offers, forges, (a, b, x) => {
        const plan = choose(a, b, x);
        expect(plan.at(-1)?.technique.name).toBe("relay");
        expect(plan.slice(0, -1).some(({ technique }) => technique.name === "relay")).toBe(false);
        for (const { technique, a: cast } of plan) {
          const [playsA, playsB] = cast === "a" ? [a, b] : [b, a];
          expect(lacksFor(technique, "a", playsA.capabilities)).toEqual([]);
          expect(lacksFor(technique, "b", playsB.capabilities)).toEqual([]);
          expect(needsOf(technique).forging && !x.forges).toBe(false);
        }
      }),
    );
  });

  it("is the same for both hosts, and changes no more than the casts when they change places", () => {
    fc.assert(
      fc.property(offers, offers, forges, (a, b, x) => {
        expect(choose(structuredClone(a), structuredClone(b), x)).toEqual(choose(a, b, x));
        const techniques = (plan: readonly Step[]) => plan.map(({ technique }) => technique);
        expect(techniques(choose(b, a, x))).toEqual(techniques(choose(a, b, x)));
      }),
    );
  });
});

describe("the one technique that was asked for", () => {
  it("is played by whoever has what its roles need, or not at all", () => {
    const [able, unable] = [offer(), away({}, { capabilities: ["raw"] })];
    expect(castOnly(PLAIN["natblaster-4"], able, unable, FORGES)).toMatchObject([{ a: "a" }]);
    expect(castOnly(PLAIN["natblaster-4"], unable, able, FORGES)).toMatchObject([{ a: "b" }]);
    expect(castOnly(PLAIN["natblaster-4"], unable, unable, FORGES)).toMatch(/natblaster-4 needs: admin/);
    expect(castOnly(PLAIN["natblaster-4"], able, able, { forges: false })).toMatch(/X cannot forge/);
  });
});
