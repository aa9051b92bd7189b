import type { NatModel } from "../../nat/model.ts";
import type { Cell } from "../../scenario/cell.ts";

/** What of a cell decides how it comes out. */
export type Setting = Pick<Cell, "technique" | "na" | "nb" | "core" | "carrier" | "neighbours">;

/** One thing that NATs, or what stands around them, may do. */
export interface Behaviour {
  /** A column's head. */
  readonly name: string;
  readonly means: string;
  readonly shows: (cell: Setting) => boolean;
  /** The same cell without it, all else equal. */
  readonly without: (cell: Setting) => Setting;
}

type Side = "na" | "nb";

const isRandom = ({ ports, mapping }: NatModel): boolean =>
  ports.kind === "random" && mapping !== "endpoint-independent";
const preserving = (model: NatModel): NatModel => ({
  ...model,
  ports: { kind: "preserve" },
  mapping: "endpoint-independent",
});
const silent = (model: NatModel): NatModel => ({ ...model, unsolicitedSyn: "drop", wrongPeerSyn: "drop" });

/** What a NAT does, against a Linux router that keeps ports, drops unsolicited SYNs and keeps ICMP errors from its hosts. */
export const OF_NATS: readonly Behaviour[] = [
  ofNats("NA random", "NA gives every connection a random port", ["na"], isRandom, preserving),
  ofNats("NB random", "NB does", ["nb"], isRandom, preserving),
  ofNats(
    "sequential",
    "ports are given out in sequence",
    ["na", "nb"],
    (m) => m.ports.kind === "sequential",
    preserving,
  ),
  ofNats("RST", "an unsolicited SYN is answered with RST", ["na", "nb"], (m) => m.unsolicitedSyn === "reset", silent),
  ofNats(
    "ICMP",
    "an unsolicited SYN is answered with an ICMP error",
    ["na", "nb"],
    (m) => m.unsolicitedSyn !== "reset" && m.unsolicitedSyn !== "drop",
    silent,
  ),
  axis("time-exceeded", "ICMP time-exceeded reaches the host", "timeExceeded", "translate", "drop"),
  axis("teardown", "ICMP time-exceeded ends the mapping", "timeExceeded", "teardown", "drop"),
  axis("no crossing", "a SYN that crosses the own one is refused", "crossingSyn", "refuse", "accept"),
  axis("open filter", "a mapping lets anybody in", "filtering", "endpoint-independent", "address-and-port-dependent"),
  axis("out of state dropped", "a SYN+ACK after an own SYN is dropped, not leaked", "outOfState", "drop", "leak"),
  axis("out of state passed", "a SYN+ACK after an own SYN is translated", "outOfState", "translate", "leak"),
  axis("windows ignored", "segments out of window pass", "windowTracking", "liberal", "strict"),
  axis("RST ignored", "a RST from outside leaves the mapping alone", "reset", "ignore", "deliver-and-remove"),
  {
    name: "sessions limited",
    means: "the NAT lets a host have so many sessions only",
    shows: ({ na, nb }) => limitOf(na) !== undefined || limitOf(nb) !== undefined,
    without: (cell) => ({ ...cell, na: unlimited(cell.na), nb: unlimited(cell.nb) }),
  },
  axis("routes known", "a source route's final destination is the mapping's", "sourceRoute", "aware", "refuse"),
  axis("routes unknown", "source routes pass, their next hop is the mapping's", "sourceRoute", "stock", "refuse"),
];

/** What stands between and beside the NATs, against a plain core. */
export const AROUND: readonly Behaviour[] = [
  ofCore("delay", "20 to 100 ms one way", ({ delayMs }) => delayMs > 0, { delayMs: 0 }),
  ofCore("more hops", "routers between the core and the NATs", ({ extraHops }) => extraHops > 0, { extraHops: 0 }),
  ofCore("no ICMP", "the core sends no time-exceeded", ({ icmp }) => icmp === "off", { icmp: "on" }),
  ofCore("anti-spoofing", "X can send from its own addresses only", ({ antiSpoofing }) => antiSpoofing, {
    antiSpoofing: false,
  }),
  ofCore("routes forwarded", "the core forwards source routes", ({ sourceRoute }) => sourceRoute === "forward", {
    sourceRoute: "refuse",
  }),
  {
    name: "carriers",
    means: "a carrier's NAT before NA, NB or both",
    shows: ({ carrier }) => carrier?.kind === "each",
    without: (cell) => omit(cell, "carrier"),
  },
  {
    name: "one carrier",
    means: "one carrier's NAT before both",
    shows: ({ carrier }) => carrier?.kind === "shared",
    without: (cell) => omit(cell, "carrier"),
  },
  {
    name: "neighbour",
    means: "a neighbour opens connections meanwhile",
    shows: ({ neighbours }) => neighbours !== undefined,
    // the pause in which the neighbour is busy is no pause where there is none
    without: ({ technique, ...cell }) => ({
      ...omit(cell, "neighbours"),
      technique: "gapMs" in technique ? { ...technique, gapMs: 0 } : technique,
    }),
  },
  {
    name: "mispredicted",
    means: "the predicted port is wrong on purpose",
    shows: ({ technique }) => "predictionOffset" in technique && technique.predictionOffset !== 0,
    without: ({ technique, ...cell }) => ({
      ...cell,
      technique: "predictionOffset" in technique ? { ...technique, predictionOffset: 0 } : technique,
    }),
  },
];

function limitOf(gateway: Setting[Side]): number | undefined {
  return gateway.kind === "nat" ? gateway.model.sessionLimit : undefined;
}

function unlimited(gateway: Setting[Side]): Setting[Side] {
  return gateway.kind === "nat" ? { ...gateway, model: omit(gateway.model, "sessionLimit") } : gateway;
}

function omit<Whole extends object, Key extends keyof Whole>(whole: Whole, key: Key): Omit<Whole, Key> {
  const rest: Partial<Whole> = { ...whole };
  delete rest[key];
  return rest as Omit<Whole, Key>;
}

function ofNats(
  name: string,
  means: string,
  sides: readonly Side[],
  has: (model: NatModel) => boolean,
  plain: (model: NatModel) => NatModel,
): Behaviour {
  return {
    name,
    means,
    shows: (cell) => sides.some((side) => cell[side].kind === "nat" && has(cell[side].model)),
    without: (cell) => {
      const changed = sides.map((side) => {
        const gateway = cell[side];
        return [
          side,
          gateway.kind === "nat" && has(gateway.model) ? { ...gateway, model: plain(gateway.model) } : gateway,
        ];
      });
      return { ...cell, ...Object.fromEntries(changed) };
    },
  };
}

/** One value of an axis that has names for them, at either NAT. */
function axis<Name extends keyof NatModel>(
  name: string,
  means: string,
  of: Name,
  value: NatModel[Name],
  plain: NatModel[Name],
): Behaviour {
  return ofNats(
    name,
    means,
    ["na", "nb"],
    (model) => model[of] === value,
    (model) => ({ ...model, [of]: plain }),
  );
}

function ofCore(
  name: string,
  means: string,
  has: (core: Setting["core"]) => boolean,
  plain: Partial<Setting["core"]>,
): Behaviour {
  return {
    name,
    means,
    shows: ({ core }) => has(core),
    without: (cell) => ({ ...cell, core: { ...cell.core, ...plain } }),
  };
}
