import { z } from "zod";
import { ARRIVALS } from "../../wire/control.ts";
import { oneOrMore, strict } from "./strict.ts";

/** The word for "no carrier" in a list of carriers. */
export const NO_CARRIER = "none";

/** A round trip must end before TCP repeats a SYN of its own accord, after 1 s (RFC 6298 section 2), and some time is lost at the ends. */
const MAX_DELAY_MS = 400;

/** What the core does besides forwarding; what is not stated is as in PLAIN_CORE. */
const core = strict({
  icmp: z.enum(["on", "off"]).exactOptional().describe("Whether R sends ICMP time-exceeded (default on)."),
  sourceRoute: z.enum(["forward", "refuse"]).exactOptional().describe("Source-routed packets (default refuse)."),
  antiSpoofing: z.boolean().exactOptional().describe("Whether X may send from its own addresses only (default false)."),
  delayMs: z.number().min(0).max(MAX_DELAY_MS).exactOptional().describe("One way, in ms (default 0)."),
  lossPercent: z.number().min(0).max(50).exactOptional().describe("Packets that the core loses (default 0)."),
  extraHops: z.int().min(0).max(8).exactOptional().describe("Routers before each NAT besides R (default 0)."),
});

/** A carrier-grade NAT in front of a side's NAT, of both, or one that both are subscribers of. */
function carrier<Name extends z.ZodType<string>>(nat: Name) {
  return z.union([
    z.literal(NO_CARRIER),
    strict({ a: nat.exactOptional(), b: nat.exactOptional(), shared: nat.exactOptional() }),
  ]);
}

/** What an entry may say of the world around its NATs; `nat` is a NAT's name. */
export function surroundings<Name extends z.ZodType<string>>(nat: Name) {
  return {
    core: oneOrMore(core).optional().describe("The core between the NATs; a list: one cell for each."),
    carrier: oneOrMore(carrier(nat))
      .optional()
      .describe("Carrier-grade NATs in front of NA and NB: { a, b } for one each, { shared } for one before both."),
    neighbour: strict({
      everyMs: z.int().min(1).max(60_000).describe("On average, where arrivals are by chance."),
      arrivals: z
        .enum(ARRIVALS)
        .default("regular")
        .describe("regular: like a clock; poisson: whenever it happens, as people's connections do."),
      beside: z
        .array(z.enum(["a", "b"]))
        .min(1)
        .max(2)
        .default(["a"])
        .describe("Whose LAN it is in."),
    })
      .optional()
      .describe("A host beside A or B that keeps opening connections."),
  };
}

export type PartialCore = z.output<typeof core>;
export type CarrierWords = z.output<ReturnType<typeof carrier<z.ZodType<string>>>>;
