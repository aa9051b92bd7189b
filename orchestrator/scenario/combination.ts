import type { NamedNat } from "../nat/catalogue.ts";
import { checkModel } from "../nat/check.ts";
import { gatewayOf, policiesOf } from "./choice.ts";
import type { Problem } from "./problem.ts";
import { BY_TABLE, NO_NAT, type MatrixEntry } from "./schema.ts";
import { NO_CARRIER, type CarrierWords } from "./surroundings.ts";

const AXES = ["unsolicitedSyn", "timeExceeded"] as const;

/** Combinations that no cell can have, each with its reason. Paths are relative to the entry. */
export function checkCombination(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Problem[] {
  return [
    ...checkGateways(entry),
    ...checkAxes(entry, nats),
    ...checkPolicies(entry, nats),
    ...checkCarriers(entry),
    ...checkNeighbour(entry),
    ...checkSearch(entry),
    ...checkExpectations(entry),
  ];
}

function checkGateways(entry: MatrixEntry): Problem[] {
  const wantsNone = entry.technique === "public" || inOneNetwork(entry);
  const message = !wantsNone
    ? `technique ${entry.technique} is about NATs: ${NO_NAT} is for technique public, and for p2pnat behind a shared carrier`
    : entry.technique === "public"
      ? `technique public is the control without NATs: only ${NO_NAT} can stand here`
      : `both hosts are in one private network or neither is: only ${NO_NAT} can stand beside ${NO_NAT}`;
  return (["na", "nb"] as const).flatMap((side) =>
    entry[side].flatMap((name, index) => ((name === NO_NAT) === wantsNone ? [] : [{ path: [side, index], message }])),
  );
}

/** Behind a carrier that both share, plain routers make one private network of both sides, in which private endpoints can be reached. */
function inOneNetwork({ technique, na, nb, carrier }: MatrixEntry): boolean {
  const carriers = [carrier ?? NO_CARRIER].flat() as readonly CarrierWords[];
  const shared = carriers.every((words) => words !== NO_CARRIER && words.shared !== undefined);
  return technique === "p2pnat" && shared && [...na, ...nb].includes(NO_NAT);
}

/** An axis that changes nothing would be an option accepted and ignored. */
function checkAxes(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Problem[] {
  return AXES.filter((axis) => entry[axis] !== undefined).flatMap((axis) => {
    const names = [...entry.na, ...entry.nb];
    if (names.every((name) => name === NO_NAT)) return [{ path: [axis], message: "has no effect without a NAT" }];
    const fixed = names.every((name) => nats.get(name)?.axes[axis] !== undefined);
    return fixed ? [{ path: [axis], message: `has no effect: every NAT here fixes its own ${axis}` }] : [];
  });
}

/** A NAT that is sound by itself may not be so under an entry's policy; of one that is not, that is said where it is defined. */
function checkPolicies(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Problem[] {
  return (["na", "nb"] as const).flatMap((side) =>
    entry[side].flatMap((name, index) => {
      if (!nats.has(name)) return [];
      const reasons = policiesOf(entry).flatMap((policy) => {
        const gateway = gatewayOf(name, nats, policy);
        return gateway.kind === "nat" ? checkModel(gateway.model) : [];
      });
      return [...new Set(reasons)].map((message) => ({
        path: [side, index],
        message: `${name} cannot do that: ${message}`,
      }));
    }),
  );
}

function checkCarriers({ technique, carrier }: MatrixEntry): Problem[] {
  if (carrier === undefined) return [];
  const listed = Array.isArray(carrier);
  const all = (listed ? carrier : [carrier]) as readonly CarrierWords[];
  return all.flatMap((words, index) => {
    const path = listed ? ["carrier", index] : ["carrier"];
    const message = carrierFault(words, technique);
    return message === undefined ? [] : [{ path, message }];
  });
}

function carrierFault(words: CarrierWords, technique: MatrixEntry["technique"]): string | undefined {
  if (words === NO_CARRIER) return undefined;
  const { a, b, shared } = words;
  if (technique === "public")
    return "technique public is the control without NATs: there is nothing a carrier could stand before";
  if ([a, b, shared].includes(NO_NAT)) return `a carrier is a NAT; leave the side out that has none`;
  if (shared !== undefined && (a ?? b) !== undefined)
    return "shared is the one carrier of both sides: a and b cannot have others";
  return (a ?? b ?? shared) === undefined ? "names no NAT; give it a, b or shared" : undefined;
}

function checkNeighbour({ technique, neighbour }: MatrixEntry): Problem[] {
  if (!neighbour || !["connect", "public", "relay"].includes(technique)) return [];
  return [
    {
      path: ["neighbour"],
      message: `a neighbour disturbs port prediction, and technique ${technique} predicts nothing`,
    },
  ];
}

function checkSearch(entry: MatrixEntry): Problem[] {
  if (entry.technique !== "natblaster-4") return [];
  const { search, syns, sequenceShift } = entry.options;
  if (search === "birthday")
    return sequenceShift === undefined
      ? []
      : [{ path: ["options", "sequenceShift"], message: "has no effect: only an ACK of a sweep shows the shift" }];
  return syns === undefined ? [] : [{ path: ["options", "syns"], message: "has no effect: a sweep sends one SYN" }];
}

const isBirthday = (entry: MatrixEntry): boolean =>
  entry.technique === "birthday-open" || (entry.technique === "natblaster-4" && entry.options.search === "birthday");

/** A search may miss, and where a NAT answers with RST simultaneous open depends on who comes first. An ACK sweep tries every port. */
function chanceDecides(entry: MatrixEntry): boolean {
  const byItself = isBirthday(entry) || entry.technique === "natblaster-6" || entry.technique === "simultaneous-open";
  return byItself || entry.neighbour !== undefined || losesPackets(entry);
}

function losesPackets({ core }: MatrixEntry): boolean {
  return [core ?? []].flat().some(({ lossPercent = 0 }) => lossPercent > 0);
}

const WHERE_CHANCE_DECIDES =
  "natblaster-4 with a birthday, natblaster-6, birthday-open, simultaneous-open, and where there is a neighbour or the core loses packets";

function checkExpectations(entry: MatrixEntry): Problem[] {
  const { technique, expect } = entry;
  if (expect === BY_TABLE) return [];
  return expect.flatMap((rule, index) => {
    const path = ["expect", index, "verdict"];
    if (technique === "relay" && rule.verdict === "direct") {
      return [{ path, message: "technique relay sends every byte through X and cannot be direct" }];
    }
    if (technique !== "relay" && technique !== "auto" && rule.verdict === "relayed") {
      return [{ path, message: `only techniques relay and auto can be relayed, not ${technique}` }];
    }
    if (rule.verdict === "direct" && rule.rate !== undefined && !chanceDecides(entry)) {
      return [
        {
          path: ["expect", index, "rate"],
          message: `technique ${technique} leaves nothing to chance here; rate is for ${WHERE_CHANCE_DECIDES}`,
        },
      ];
    }
    if (
      rule.verdict === "blocked" &&
      rule.cause === "no-collision" &&
      !isBirthday(entry) &&
      technique !== "natblaster-6"
    ) {
      return [
        {
          path: ["expect", index, "cause"],
          message: `no-collision is about a birthday or a spray; technique ${technique} has none`,
        },
      ];
    }
    return [];
  });
}
