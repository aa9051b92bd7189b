import type { Fragment, UserChain } from "../fragment.ts";
import type { Dependency, NatModel, PortRange } from "../model.ts";
import { ALL_PORTS } from "../catalogue.ts";
import { portPools, type Pool } from "../pools.ts";
import type { GatewayPlace } from "../ruleset.ts";

/**
 * The table of mappings of a NAT that iptables alone does not make: what a mapping depends on is the key, and the next connection with
 * the same key gets the same outside port. No two keys share a port (RFC 4787 REQ-3: no overloading).
 */
export function mappingRules(model: NatModel, place: GatewayPlace): Fragment {
  const { outside, outsideAddress } = place;
  const pools = portPools(model);
  const hairpinned = `iifname != "${outside}" oifname != "${outside}" ct status dnat ct original ip daddr ${outsideAddress}`;
  return {
    nft: {
      source: [
        `oifname "${outside}" meta l4proto tcp jump mapping`,
        ...(model.hairpin ? [`${hairpinned} meta l4proto tcp jump mapping`] : []),
      ],
    },
    ...(pools ? listedPorts(model, place, pools) : kernelPorts(model, place)),
  };
}

/** What a mapping of each kind depends on, as a key of the mapping table (RFC 4787 section 4.1). */
const KEY_PARTS: Record<Dependency, number> = {
  "endpoint-independent": 2,
  "address-dependent": 3,
  "address-and-port-dependent": 4,
};

/** The key as an nft expression; `meta l4proto tcp` has to stand before it in its rule. The original direction's, so that it says the same before and after translation. */
export function mappingKey(dependency: Dependency): string {
  const parts = ["ct original ip saddr", "ct original proto-src", "ct original ip daddr", "ct original proto-dst"];
  return parts.slice(0, KEY_PARTS[dependency]).join(" . ");
}

export function mappingKeyType(dependency: Dependency): string {
  return ["ipv4_addr", "inet_service", "ipv4_addr", "inet_service"].slice(0, KEY_PARTS[dependency]).join(" . ");
}

/** Tries of a random port that nobody has before the first free one is taken: more than half of the ports are in use by then. */
const RANDOM_TRIES = 8;

/**
 * Ports by number from a list: `next` draws one into the packet's mark, and is asked again as long as somebody has that port already.
 * With no port left the SYN is dropped (RFC 6888 REQ-4: a subscriber's share is a limit).
 */
function listedPorts(
  { mapping, ports, timeouts }: NatModel,
  { outsideAddress }: GatewayPlace,
  pools: readonly Pool[],
): Fragment {
  const key = mappingKey(mapping);
  const starts = pools.map((_, index) => pools.slice(0, index).reduce((sum, pool) => sum + pool.ports.length, 1));
  const draw = (how: "inc" | "random"): string[] =>
    pools.map(({ match, ports: { length } }, index) =>
      `${match} meta mark set numgen ${how} mod ${length} offset ${starts[index]}`.trim(),
    );
  const numbered = pools.flatMap((pool) => pool.ports).map((port, index) => `${index + 1} : ${port}`);
  const longest = Math.max(...pools.map((pool) => pool.ports.length));
  const random = ports.kind === "random";
  const give = `meta l4proto tcp snat ip to ${outsideAddress} : meta mark map @port_by_number`;
  return {
    objects: [`map port_by_number {\n  type mark : inet_service\n  elements = { ${numbered.join(", ")} }\n}`],
    nftChains: [
      {
        name: "mapping",
        rules: [
          `meta l4proto tcp meta mark set ${key} map @mappings goto give`,
          "meta mark set 0",
          ...(random
            ? ["jump pick", ...Array<string>(RANDOM_TRIES - 1).fill("meta mark @busy jump pick")]
            : ["jump next"]),
          ...(random ? ["meta mark @busy jump next"] : []),
          `meta mark @busy jump ${againChain(longest)}`,
          "meta mark @busy drop",
          "meta mark 0 drop",
          `add @busy { meta mark timeout ${timeouts.synSentS}s }`,
          `meta l4proto tcp add @mappings { ${key} timeout ${timeouts.synSentS}s : meta mark }`,
          "goto give",
        ],
      },
      { name: "give", rules: [give, "drop"] },
      { name: "next", rules: draw("inc") },
      ...(random ? [{ name: "pick", rules: draw("random") }] : []),
      ...againChains(longest),
    ],
  };
}

/** One chain may ask again so many times; it is asked itself by the next one so many times. */
const AGAIN = 16;

function againChain(tries: number): string {
  let times = AGAIN;
  while (times < tries) times *= AGAIN;
  return `again${times}`;
}

/** Chains that ask `next` for another port up to `tries` times and more, and stop at one that is free. */
function againChains(tries: number): UserChain[] {
  const chains: UserChain[] = [];
  for (let times = AGAIN, inner = "next"; ; times *= AGAIN) {
    const name = `again${times}`;
    chains.push({ name, rules: Array<string>(AGAIN).fill(`meta mark @busy jump ${inner}`) });
    if (times >= tries) return chains;
    inner = name;
  }
}

/** The inside port, or one the kernel draws: what it drew is looked at once it is known (recorder.ts, `lookupRules`). */
function kernelPorts({ mapping, ports }: NatModel, { outsideAddress }: GatewayPlace): Fragment {
  const snat = `meta l4proto tcp snat ip to ${outsideAddress} :`;
  const parts = powersOfTwo(ports.kind === "preserve" ? ALL_PORTS : ports.range);
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const bounds = parts.map(({ size }, index) => {
    const start = parts.slice(0, index).reduce((sum, part) => sum + part.size, 0);
    return `${start}-${start + size - 1} : goto draw${size}`;
  });
  return {
    nftChains: [
      {
        name: "mapping",
        rules: [
          `${snat} ${mappingKey(mapping)} map @mappings`,
          ...(ports.kind === "preserve" ? [`tcp sport != @mapped ${snat} tcp sport`] : []),
          `numgen random mod ${total} vmap { ${bounds.join(", ")} }`,
        ],
      },
      ...parts.map(({ from, size }) => ({
        name: `draw${size}`,
        rules: [`${snat} ${from}-${from + size - 1} fully-random`],
      })),
    ],
  };
}

/** The kernel draws a 16 bit number modulo the size of a range (nf_nat_core.c), which is uniform only for powers of two. */
function powersOfTwo({ from, to }: PortRange): { from: number; size: number }[] {
  const parts: { from: number; size: number }[] = [];
  for (let start = from; start <= to; start += parts.at(-1)!.size) {
    parts.push({ from: start, size: 2 ** Math.floor(Math.log2(to - start + 1)) });
  }
  return parts;
}
