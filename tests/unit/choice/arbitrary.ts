import fc from "fast-check";
import { HOST_CAPABILITIES, OFFER_VERSION, PORT_HABITS, type NatTraits, type Offer } from "../../../wire/traits.ts";
import { endpoints, u16s } from "../../wire/arbitrary.ts";

const traits: fc.Arbitrary<NatTraits> = fc.record(
  {
    outside: endpoints.map(({ ip }) => ip),
    rttMs: u16s,
    ports: fc.constantFrom(...PORT_HABITS),
    open: fc.boolean(),
    openToAddress: fc.boolean(),
    refusal: fc.constantFrom("silence" as const, "reset" as const, "icmp" as const),
    ttlError: fc.boolean(),
    crossing: fc.boolean(),
    ignoresReset: fc.boolean(),
    sequenceKept: fc.boolean(),
    sourceRoute: fc.constantFrom("refuse" as const, "stock" as const, "aware" as const, "stateless" as const),
  },
  { requiredKeys: ["outside", "rttMs"] },
);

/** What any host may say of itself. */
export const offers: fc.Arbitrary<Offer> = fc.record(
  { v: fc.constant(OFFER_VERSION), capabilities: fc.subarray([...HOST_CAPABILITIES]), nat: traits },
  { requiredKeys: ["v", "capabilities"] },
);
