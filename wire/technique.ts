/** Options every punching technique has. */
interface PunchOptions {
  /** Added to the predicted outside port before it is told to the peer; anything but 0 is a deliberate mis-prediction (control). */
  readonly predictionOffset: number;
  /** Pause between port prediction and punching, in ms. */
  readonly gapMs: number;
  /** B punches so many ms after A. */
  readonly skewMs: number;
}

/** How the SYN that opens a NAT ends: dropped by the far NAT, or by its TTL between the NATs. */
type OpeningSyn = "normal" | "low-ttl";

/** Options of the techniques whose SYNs go by way of X. */
interface RouteOptions extends PunchOptions {
  /** `low-ttl-copy`: a raw copy of the SYN straight to the peer's NAT, dying before it, opens the hole that the routed SYN does not. */
  readonly assist: "none" | "low-ttl-copy";
}

/**
 * How a host learns its own random outside port: by a birthday of so many SYNs and forged SYN+ACKs, as the paper does, or from ACKs that X
 * sends to every port, each with its port as IP identification, of which its NAT lets one pass. `sequenceShift: "learned"`: of that one
 * the host also reads by how much its NAT shifts sequence numbers.
 */
type OutsideSearch =
  | { readonly search: "birthday"; readonly syns: number }
  | { readonly search: "ack-sweep"; readonly sequenceShift: "none" | "learned" };

/** A search of case 6 where nobody says more: as many SYNs as there are ports, at a second port where the first is missed. */
export const PLAIN_SPRAY = { anchors: 2, packets: 64_512 } as const;

/** A traversal technique with its parameters, as agents run it. */
export type TechniqueSpec =
  | { readonly name: "connect" }
  | { readonly name: "public" }
  | { readonly name: "relay" }
  | ({ readonly name: "simultaneous-open"; readonly syn: OpeningSyn; readonly retryMs: number } & PunchOptions)
  | ({ readonly name: "p2pnat"; readonly retryMs: number } & PunchOptions)
  | ({
      readonly name: "birthday-open";
      readonly syn: OpeningSyn;
      /** Of A. */
      readonly sockets: number;
      /** Ports of NA that B aims at, with a socket each. */
      readonly targets: number;
    } & PunchOptions)
  | ({ readonly name: "sequential-open"; readonly doomedMs: number } & PunchOptions)
  | ({ readonly name: "stunt-1"; readonly syn: OpeningSyn } & PunchOptions)
  | ({ readonly name: "stunt-2"; readonly syn: OpeningSyn; readonly socket: "kept" | "aborted" } & PunchOptions)
  | ({ readonly name: "natblaster-1" } & RouteOptions)
  | ({ readonly name: "natblaster-2"; readonly syn: OpeningSyn; readonly synAck: "x" | "self" } & PunchOptions)
  | ({ readonly name: "natblaster-3" } & RouteOptions)
  | ({ readonly name: "natblaster-4" } & OutsideSearch & PunchOptions)
  | ({ readonly name: "natblaster-5"; readonly aims: number } & PunchOptions)
  | {
      readonly name: "natblaster-6";
      readonly syn: OpeningSyn;
      /** `anchor`: X finds A's port with ACKs, and B sprays SYNs at it. `blind`: both spray, and X does nothing for it. */
      readonly search: "anchor" | "blind";
      /** Ports of NB (blind: of both NATs) that are aimed at, one after the other, each with a spray of its own. */
      readonly anchors: number;
      /** SYNs of a spray: B's for each anchor, or each side's. */
      readonly packets: number;
    }
  | ({ readonly name: "tcp-repair" } & PunchOptions)
  /** The hosts choose among the others, by what they measured, and try one after the other; all within `withinMs`. */
  | { readonly name: "auto"; readonly withinMs: number };
export type TechniqueName = TechniqueSpec["name"];
/** One technique by itself: a machine for each role, and one for X. */
export type Traversal = Exclude<TechniqueSpec, { name: "auto" }>;

/** Words of X about one search over all ports, one for every 4,096 packets and some. */
const SEARCH_WORDS = 20;

/** More than X ever says to one host in an attempt. Each word renews the host's deadline, and no peer can make X say so many that it never ends. */
export function mostWords(technique: TechniqueSpec): number {
  const plain = 10;
  switch (technique.name) {
    case "natblaster-4":
      return technique.search === "birthday" ? plain : plain + 2 * SEARCH_WORDS;
    case "natblaster-6":
      // X's sweep and both passes of a spray; or a pass of A's and two of B's
      return plain + technique.anchors * 3 * SEARCH_WORDS;
    default:
      return plain;
  }
}
