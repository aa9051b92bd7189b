import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import type { GatewayId } from "../../../orchestrator/plan/shape.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import type { ConntrackRecord } from "../../../wire/evidence.ts";
import { endpoint, mapEntries, mapFlows, mustBeBlocked, type Falsify } from "./falsify.ts";
import { recorded, type Recording } from "./recorded/index.ts";

const CARRIERS = await recorded("direct-carriers");
const HAIRPIN = await recorded("direct-hairpin");
const STATELESS = await recorded("direct-stateless");
const FORGED = await recorded("direct-forged");
const [HOME_A, OUTSIDE_A, OUTSIDE_B] = ["100.64.0.2", "192.0.2.2", "198.51.100.2"];

const without = (nat: GatewayId): Falsify => mapEntries(nat, () => undefined);
const moved = (nat: GatewayId, change: (entry: ConntrackRecord) => ConntrackRecord): Falsify => mapEntries(nat, change);

/** What is missing from a proof that is not whole. */
function missing({ cell, evidence }: typeof CARRIERS, falsify: Falsify): readonly string[] {
  const outcome = judge(cell, falsify(evidence));
  if (outcome.verdict !== "unknown") throw new Error(`${outcome.verdict}: ${outcome.why}`);
  return outcome.missing;
}

function claims({ cell, evidence }: { cell: typeof CARRIERS.cell; evidence: Evidence }): readonly string[] {
  const outcome = judge(cell, evidence);
  if (outcome.verdict !== "direct") throw new Error(outcome.why);
  return outcome.proof.points.map(({ claim, evidence: words }) => `${claim}: ${words}`);
}

describe("a connection through a carrier on each side", () => {
  it("is assured in four NATs, each holding what the one before made of it", () => {
    const assured = claims(CARRIERS).filter((claim) => claim.startsWith("assured in"));
    expect(assured.map((claim) => claim.slice(0, "assured in XX".length))).toEqual(
      ["NA", "CA", "NB", "CB"].map((name) => `assured in ${name}`),
    );
    const [na = "", ca = ""] = assured;
    const between = /as (\S+),/.exec(na)?.[1];
    expect(between).toMatch(new RegExp(`^${HOME_A}:`));
    expect(ca).toContain(`: ${between} → `);
    expect(ca).toMatch(new RegExp(`as ${OUTSIDE_A}:\\d+, ESTABLISHED`));
  });

  it.each([
    ["without an entry in CA", without("ca"), "CA's conntrack has no entry for the agents' connection"],
    [
      "without an entry in NA, which leaves nothing to look for in CA",
      without("na"),
      "CA's conntrack has no entry for the agents' connection",
    ],
    [
      "with an entry in CB that is not assured",
      moved("cb", (entry) => ({ ...entry, assured: false })),
      "CB's entry is ESTABLISHED, not assured",
    ],
    [
      "where CA holds the connection of another subscriber's port",
      moved("ca", (entry) => ({ ...entry, original: { ...entry.original, src: endpoint(HOME_A, 1) } })),
      "CA's conntrack has no entry for the agents' connection",
    ],
    [
      "where NA's outside port is none that CA knows",
      moved("na", (entry) => ({ ...entry, reply: { ...entry.reply, dst: endpoint(HOME_A, 1) } })),
      "CA's conntrack has no entry for the agents' connection",
    ],
    [
      "where CA's outside port is not the one that B's side speaks to",
      moved("ca", (entry) => ({ ...entry, reply: { ...entry.reply, dst: endpoint(OUTSIDE_A, 1) } })),
      "the NATs hold different connections",
    ],
    [
      "where CA let it out under NA's own address",
      moved("ca", (entry) => ({ ...entry, reply: { ...entry.reply, dst: endpoint(HOME_A, 1) } })),
      `CA's entry goes from ${HOME_A} to ${OUTSIDE_B}, not to the peer's NAT`,
    ],
  ])("is not proven %s", (_, falsify, why) => {
    expect(missing(CARRIERS, falsify)).toContain(why);
  });
});

describe("a connection by the hairpin of one carrier", () => {
  it("is held once by that carrier and seen from both sides", () => {
    const { evidence } = HAIRPIN;
    const attempts = [evidence.attempts.a, evidence.attempts.b];
    expect(attempts.map((attempt) => attempt.ok && attempt.remote.ip)).toEqual([OUTSIDE_A, OUTSIDE_A]);
    expect(claims(HAIRPIN).filter((claim) => claim.startsWith("assured in C"))).toHaveLength(2);
  });

  it("is not proven without the carrier's entry", () => {
    expect(missing(HAIRPIN, without("c"))).toContain("C's conntrack has no entry for the agents' connection");
  });

  it("is not proven by an entry that turns back to somebody else", () => {
    const elsewhere = moved("c", (entry) => ({ ...entry, reply: { ...entry.reply, src: endpoint("100.64.1.2", 1) } }));
    expect(missing(HAIRPIN, elsewhere)).toContain("C's conntrack has no entry for the agents' connection");
  });

  it("is not proven where the payload came under the subscriber's own address, past the hairpin", () => {
    const straight = mapFlows("a", (flow) =>
      flow.direction === "in" && flow.src.ip === OUTSIDE_A
        ? { ...flow, src: endpoint("100.64.1.2", flow.src.port) }
        : flow,
    );
    expect(missing(HAIRPIN, straight)).toContain(`no payload with B's nonce from ${OUTSIDE_A} on A's LAN`);
  });
});

describe("a connection through a NAT", () => {
  it("counts as held where the NAT's entry began with the peer's packet, as behind an open filter", () => {
    const turned = moved("nb", (entry) => ({
      ...entry,
      original: { src: entry.reply.src, dst: entry.reply.dst },
      reply: { src: entry.original.src, dst: entry.original.dst },
    }));
    expect(judge(FORGED.cell, turned(FORGED.evidence)).verdict).toBe("direct");
  });

  it("that keeps no connections is proven by both nonces on both its sides", () => {
    expect(claims(STATELESS).filter((claim) => claim.startsWith("seen translated at NA"))).toHaveLength(1);
    expect(STATELESS.evidence.entries.na).toEqual([]);
  });

  it.each(["in", "out"])(
    "that keeps no connections is none where either nonce is missing at its interface %s",
    (iface) => {
      for (const direction of ["in", "out"]) {
        const blind = mapFlows("na", (flow) =>
          flow.iface === iface && flow.direction === direction ? undefined : flow,
        );
        expect(missing(STATELESS, blind)).toContain("NA was not seen to translate the agents' connection");
      }
    },
  );
});

describe("what blocks a connection behind carriers is said with its place", () => {
  it.each<[Recording, string, GatewayId, RegExp]>([
    [
      "mispredicted-behind-carrier",
      "mapping-mispredicted",
      "na",
      /^CA gave A's SYN the outside port \d+, but it was predicted to be \d+: NA had given it \d+$/,
    ],
    [
      "reset-by-carrier",
      "reset-by-nat",
      "cb",
      /^CB answered A's SYN from 192\.0\.2\.2:\d+ to 198\.51\.100\.2:\d+ with RST .*; unsolicitedSyn=reset$/,
    ],
    [
      "reset-without-hairpin",
      "reset-by-nat",
      "c",
      /^C answered [AB]'s SYN from 100\.64\.[01]\.2:\d+ to 192\.0\.2\.2:\d+ with RST .*; hairpin=false$/,
    ],
    [
      "filtered-behind-carrier",
      "filtered",
      "nb",
      /^NB dropped A's SYN from 192\.0\.2\.2:\d+ to 100\.64\.1\.2:\d+ .*; no mapping admitted it$/,
    ],
    [
      "filtered-without-hairpin",
      "filtered",
      "c",
      /^C dropped [AB]'s SYN from 100\.64\.[01]\.2:\d+ to 192\.0\.2\.2:\d+ .*; it has no hairpin$/,
    ],
    [
      "forged-under-own-address",
      "spoof-filtered",
      "c",
      /^X sent 6 packets under 192\.0\.2\.2, and C let none of them in: that address is its own$/,
    ],
  ])("%s", async (name, cause, at, why) => {
    const { cell, evidence } = await recorded(name);
    const outcome = mustBeBlocked(judge(cell, evidence));
    expect(outcome).toMatchObject({ cause, at });
    expect(outcome.why).toMatch(why);
  });

  it("a NAT that gives one inside endpoint one port is not to blame for what stands behind it", async () => {
    const { cell, evidence } = await recorded("mispredicted-behind-carrier");
    if (cell.carrier?.kind !== "each" || !cell.carrier.a) throw new Error("A has a carrier");
    const carrier = { ...cell.carrier.a, model: { ...cell.carrier.a.model, mapping: "address-dependent" as const } };
    const restless = { ...cell, carrier: { kind: "each" as const, a: carrier } };
    expect(mustBeBlocked(judge(restless, evidence)).at).toBe("ca");
  });
});
