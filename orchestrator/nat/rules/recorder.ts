import type { Fragment, UserChain } from "../fragment.ts";
import { sameRefusal, type NatModel } from "../model.ts";
import { portPools } from "../pools.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { isMasquerade } from "./allocation.ts";
import { renderDynamic } from "./dynamic.ts";
import { mappingKey, mappingKeyType } from "./mapping.ts";

/** nft set of the outside ports that have a mapping. */
export const MAPPED = "mapped";
/** nft map from an outside port to the inside endpoint that has it. */
export const OWNER = "owner";
/** nft set of outside port and peer address: who may come in where the filter looks at addresses. */
export const ADMITTED = "admitted";

/**
 * Writes down every mapping as its packets leave (conntrack itself cannot be asked by anything but its own tuples), for as long as the
 * NAT remembers it. The agent empties what was written together with conntrack's entries.
 */
export function recorderRules(model: NatModel, { outside }: GatewayPlace): Fragment {
  const records = recordsOf(model);
  if (records.length === 0) return {};
  return {
    objects: records.map(({ kind, name, type }) => renderDynamic({ kind, name, type })),
    nftChains: [
      { name: "record", rules: [...lookupRules(model), ...stages(model)] },
      ...Object.entries(lifetimes(model)).map(([stage, seconds]) => remember(stage, seconds, records)),
    ],
    // Whatever was translated: what leaves, and what turns back inside by a hairpin.
    nft: { egress: [`meta l4proto tcp ct direction original ct status snat iifname != "${outside}" jump record`] },
  };
}

/** A set or map of the recorder; `element` names what it holds of the packet at hand, before and after the element's lifetime. */
interface DynamicRecord {
  readonly kind: "set" | "map";
  readonly name: string;
  readonly type: string;
  readonly key: string;
  readonly value?: string;
}

function recordsOf(model: NatModel): readonly DynamicRecord[] {
  if (model.sourceRoute === "stateless") return [];
  const table = !isMasquerade(model);
  const owned = model.filtering !== "address-and-port-dependent" || model.hairpin;
  return [
    ...(table ? tableRecords(model) : []),
    ...(table || answersDiffer(model) ? [MAPPED_PORTS] : []),
    ...(owned ? [OWNERS] : []),
    ...(model.filtering === "address-dependent" ? [ADMISSIONS] : []),
  ];
}

/** Whether a SYN to a mapping's port is answered otherwise than one to a port without mapping: then the rules must know which it is. */
function answersDiffer({ unsolicitedSyn, wrongPeerSyn }: NatModel): boolean {
  return !sameRefusal(unsolicitedSyn, wrongPeerSyn);
}

const MAPPED_PORTS: DynamicRecord = { kind: "set", name: MAPPED, type: "inet_service", key: "tcp sport" };
const OWNERS: DynamicRecord = {
  kind: "map",
  name: OWNER,
  type: "inet_service : ipv4_addr . inet_service",
  key: "tcp sport",
  value: "ct original ip saddr . ct original proto-src",
};
const ADMISSIONS: DynamicRecord = {
  kind: "set",
  name: ADMITTED,
  type: "inet_service . ipv4_addr",
  key: "tcp sport . ct original ip daddr",
};

/** The table of mappings: by number with the numbers in use where ports are listed, else by port with the key that holds it. */
function tableRecords(model: NatModel): readonly DynamicRecord[] {
  const key = mappingKey(model.mapping);
  const type = mappingKeyType(model.mapping);
  const mappings = { kind: "map", name: "mappings", key } as const;
  return portPools(model)
    ? [
        { ...mappings, type: `${type} : mark`, value: "meta mark" },
        { kind: "set", name: "busy", type: "mark", key: "meta mark" },
      ]
    : [
        { ...mappings, type: `${type} : inet_service`, value: "tcp sport" },
        { kind: "set", name: "holders", type: `inet_service . ${type}`, key: `tcp sport . ${key}` },
      ];
}

/**
 * What has to be known of a packet before it is recorded: its mapping's number where ports are listed. Else whether the port that the
 * kernel drew is another mapping's: the SYN is dropped then, and its retransmission draws again.
 */
function lookupRules(model: NatModel): string[] {
  if (isMasquerade(model)) return [];
  const key = mappingKey(model.mapping);
  return portPools(model)
    ? ["meta mark set 0", `meta l4proto tcp meta mark set ${key} map @mappings`, "meta mark 0 return"]
    : [`meta l4proto tcp ct state new tcp sport @${MAPPED} tcp sport . ${key} != @holders drop`];
}

type Lifetimes = Readonly<Record<"opening" | "established" | "closing", number>>;

function lifetimes({ timeouts }: NatModel): Lifetimes {
  const seconds = (value: number | "never"): number => {
    if (value === "never") throw new Error("a NAT that records its mappings forgets them");
    return value;
  };
  return {
    opening: seconds(timeouts.synSentS),
    established: seconds(timeouts.establishedS),
    closing: seconds(timeouts.closingS),
  };
}

/** Conntrack has set its own timeout by the time a packet leaves, which tells what it thinks of the connection. */
function stages(model: NatModel): string[] {
  const { established, closing } = lifetimes(model);
  const [longer, shorter] = established > closing ? ["established", "closing"] : ["closing", "established"];
  return [
    "ct state new goto record_opening",
    `ct expiration > ${Math.min(established, closing)}s goto record_${longer}`,
    `goto record_${shorter}`,
  ];
}

function remember(stage: string, seconds: number, records: readonly DynamicRecord[]): UserChain {
  return {
    name: `record_${stage}`,
    rules: records.map(
      ({ name, key, value }) =>
        `meta l4proto tcp update @${name} { ${key} timeout ${seconds}s${value ? ` : ${value}` : ""} }`,
    ),
  };
}
