import { z } from "zod";
import { parseIpv4, type Ipv4, type Port } from "../../wire/address.ts";
import { FINGERPRINT_VERSION, PROBE_MODES, STIMULI, type Fingerprint } from "../../wire/fingerprint.ts";

const ip = z.string().transform((text, context): Ipv4 => {
  const parsed = parseIpv4(text);
  if (parsed.ok) return parsed.value;
  context.addIssue(parsed.error);
  return z.NEVER;
});
const port = z
  .int()
  .min(0)
  .max(0xffff)
  .transform((value) => value as Port);
const endpoint = z.object({ ip, port });
const ms = z.number().min(0);
const u32 = z.int().min(0).max(0xffffffff);

const binding = z.object({ local: endpoint, x: endpoint, outside: endpoint.exactOptional() });
const fate = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("silence"), waitedMs: ms }),
  z.object({ kind: z.literal("reset"), afterMs: ms }),
  z.object({ kind: z.literal("icmp"), type: z.int(), code: z.int(), by: ip, afterMs: ms }),
  z.object({ kind: z.literal("accepted"), afterMs: ms }),
]);
const afterSyn = z.object({
  stimulus: z.enum(STIMULI),
  probe: z.enum(["syn", "syn-ack"]),
  stimulusArrived: z.boolean().exactOptional(),
  probeArrived: z.boolean(),
  fate,
});
const stranger = z.object({ from: z.enum(["same-address-other-port", "other-address"]), arrived: z.boolean(), fate });
const timerPoint = z.object({ idleMs: ms, alive: z.boolean() });
const made = { made: z.array(binding) };

/** A test's observation, or why it was not made. */
function tested<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.discriminatedUnion("ran", [
    z.object({ ran: z.literal(true), ...shape }),
    z.object({ ran: z.literal(false), why: z.string() }),
  ]);
}

/** A fingerprint that somebody else wrote; what this version does not know is dropped. */
export const fingerprintSchema = z.object({
  version: z.literal(FINGERPRINT_VERSION),
  mode: z.enum(PROBE_MODES),
  takenAt: z.string(),
  inside: z.array(ip),
  x: z.array(ip),
  rttMs: ms,
  bindings: tested(made),
  lowPorts: tested(made),
  overloading: tested(made),
  capacity: tested({ tried: z.int().min(0), opened: z.int().min(0) }),
  unsolicited: tested({ fate }),
  unsolicitedThenSyn: tested({ fate }),
  afterSyn: tested({ probes: z.array(afterSyn) }),
  strangers: tested({ probes: z.array(stranger) }),
  outOfState: tested({ mapping: endpoint, from: endpoint.exactOptional() }),
  outOfWindow: tested({ arrived: z.boolean() }),
  sequence: tested({ isnSent: u32, isnSeen: u32, ackArrived: u32.exactOptional() }),
  sourceRoute: tested({ from: endpoint.exactOptional(), answerFromFinal: z.boolean(), answerFromX: z.boolean() }),
  hairpin: tested({ arrived: z.boolean(), from: endpoint.exactOptional() }),
  timers: tested({
    synSent: z.array(timerPoint),
    established: z.array(timerPoint),
    closing: z.array(timerPoint),
  }),
  prediction: tested({ tries: z.int().min(0), hits: z.int().min(0) }),
}) satisfies z.ZodType<Fingerprint>;
