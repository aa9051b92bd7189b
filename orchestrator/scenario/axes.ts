import { z } from "zod";
import { ALL_PORTS } from "../nat/catalogue.ts";
import { DEPENDENCIES, OUT_OF_STATE, RESETS, SOURCE_ROUTES, SYN_REFUSALS, TIME_EXCEEDED } from "../nat/model.ts";
import { strict } from "./strict.ts";

// Whether numbers make sense together is checkModel's business, which says more than a bound could.
const portRange = strict({ from: z.number(), to: z.number() });
const parity = z.boolean().exactOptional().describe("Even inside ports get even outside ports.");

const ports = z.discriminatedUnion("kind", [
  strict({ kind: z.literal("preserve") }),
  strict({ kind: z.literal("sequential"), step: z.number(), range: portRange, parity }),
  strict({ kind: z.literal("random"), range: portRange.default(ALL_PORTS), parity }),
]);

/** An answer to a SYN as NATs and entries state it. */
export const refusal = z.union([
  z.enum(SYN_REFUSALS),
  strict({ kind: z.literal("delayed-icmp"), afterMs: z.int().min(1).max(60_000) }),
]);
export const timeExceeded = z.enum(TIME_EXCEEDED);

const seconds = z.union([z.int().min(1).max(10_000_000), z.literal("never")]).exactOptional();

const dependency = z.enum(DEPENDENCIES);

/** Every axis of NatModel, none of which needs to be stated. */
export const axes = {
  mapping: dependency.exactOptional().describe("What a mapping's outside port depends on besides the inside endpoint."),
  filtering: dependency.exactOptional().describe("Which outside endpoints a mapping lets in."),
  ports: ports.exactOptional().describe("How the outside port of a new mapping is chosen."),
  blockSize: z
    .union([z.int().min(1).max(64_512), z.literal("none")])
    .exactOptional()
    .describe("Outside ports that every inside host has to itself; none: drops the block of an extended NAT."),
  sessionLimit: z
    .union([z.int().min(32).max(65_535), z.literal("none")])
    .exactOptional()
    .describe("Sessions that an inside host may have at a time; none: drops the limit of an extended NAT."),
  unsolicitedSyn: refusal.exactOptional().describe("Answer to a SYN without mapping, whatever an entry's list says."),
  wrongPeerSyn: refusal
    .exactOptional()
    .describe("Answer to a SYN to a mapping that does not admit its sender; without: as unsolicitedSyn."),
  timeExceeded: timeExceeded.exactOptional().describe("Fate of ICMP time-exceeded, whatever an entry's list says."),
  reset: z.enum(RESETS).exactOptional().describe("What a RST from outside does to a mapping in SYN_SENT."),
  outOfState: z.enum(OUT_OF_STATE).exactOptional().describe("Fate of a SYN+ACK that an inside host sends after a SYN."),
  crossingSyn: z.enum(["accept", "refuse"]).exactOptional().describe("Fate of a SYN that crosses the own one."),
  windowTracking: z.enum(["strict", "liberal"]).exactOptional().describe("strict: segments out of window are dropped."),
  sequenceNumbers: z.enum(["keep", "rewrite"]).exactOptional().describe("Whether TCP sequence numbers are shifted."),
  sourceRoute: z.enum(SOURCE_ROUTES).exactOptional().describe("What becomes of packets with a loose source route."),
  hairpin: z.boolean().exactOptional().describe("Whether inside hosts reach each other's outside endpoints."),
  timeouts: strict({ synSentS: seconds, establishedS: seconds, closingS: seconds })
    .exactOptional()
    .describe("How long a mapping outlives its last packet, in seconds; never: stateless NATs."),
};
