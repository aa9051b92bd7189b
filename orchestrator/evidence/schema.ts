import { z } from "zod";
import { parseIpv4, type Ipv4, type Port } from "../../wire/address.ts";
import { FAILURES } from "../../wire/attempt.ts";
import { NODE_IDS } from "../../wire/control.ts";
import type { Traversal } from "../../wire/technique.ts";
import { TECHNIQUES } from "../../wire/rendezvous.ts";

const port = z.custom<Port>(
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff,
  "port",
);
const endpoint = z.strictObject({
  ip: z.custom<Ipv4>((value) => typeof value === "string" && parseIpv4(value).ok, "IPv4 address"),
  port,
});
/** What an agent says of its own socket is evidence as it stands, an address that is none included. */
const claimedEndpoint = z.strictObject({ ip: z.custom<Ipv4>((value) => typeof value === "string", "text"), port });

const count = z.int().min(0);
const atUs = z.number();
const direction = z.enum(["in", "out"]);
const sides = <T extends z.ZodType>(value: T) => z.strictObject({ a: value, b: value });

/** What a host says of the steps of its plan (auto): nothing is judged by it. */
const tried = z
  .array(
    z.strictObject({
      technique: z.custom<Traversal>((value) => TECHNIQUES.includes((value as Traversal | null)?.name ?? "auto")),
      role: z.enum(["a", "b"]),
      tookMs: z.number(),
      failure: z.enum(FAILURES).exactOptional(),
      detail: z.string().exactOptional(),
    }),
  )
  .exactOptional();
const searched = z.strictObject({ packets: count, ms: z.number() }).exactOptional();
const attempt = z.discriminatedUnion("ok", [
  z.strictObject({
    ok: z.literal(true),
    local: claimedEndpoint,
    remote: claimedEndpoint,
    connectMs: z.number(),
    searched,
    tried,
  }),
  z.strictObject({ ok: z.literal(false), failure: z.enum(FAILURES), detail: z.string(), searched, tried }),
]);

const exchange = {
  bytes: count,
  seeds: sides(z.string()),
  results: sides(
    z.strictObject({ receivedBytes: count, receivedSha256: z.string(), error: z.string().exactOptional() }),
  ),
};

const tuple = z.strictObject({ src: endpoint, dst: endpoint });
const conntrackFields = {
  event: z.enum(["new", "update", "destroy", "entry"]),
  atUs,
  id: count,
  protocol: count,
  original: tuple,
  reply: tuple,
  state: z.string(),
  assured: z.boolean(),
};
const entries = z.array(z.strictObject(conntrackFields));
const carriers = { ca: entries.exactOptional(), cb: entries.exactOptional(), c: entries.exactOptional() };

const flow = z.strictObject({
  iface: z.string(),
  direction,
  src: endpoint,
  dst: endpoint,
  packets: count,
  payloadBytes: count,
  firstAtUs: atUs,
  lastAtUs: atUs,
  payloadStart: z.string(),
});

const fan = z.strictObject({
  iface: z.string(),
  direction,
  src: endpoint.shape.ip,
  dst: endpoint.shape.ip,
  protocol: count,
  kind: count,
  packets: count,
  firstAtUs: atUs,
  lastAtUs: atUs,
});

/** `evidence.json`: what the other files of a trial's directory do not hold. */
export const evidenceFile = z.strictObject({
  session: z.string(),
  key: z.string(),
  startedAtUs: atUs,
  attempts: sides(attempt),
  exchange: z.strictObject(exchange).exactOptional(),
  afterCut: z.strictObject({ ...exchange, fromUs: atUs, toUs: atUs }).exactOptional(),
  entries: z.strictObject({ na: entries, nb: entries, ...carriers }),
  eventsBeyond: count.exactOptional(),
  eventsLost: z.boolean(),
  entriesMade: z
    .strictObject({
      na: count,
      nb: count,
      ca: count.exactOptional(),
      cb: count.exactOptional(),
      c: count.exactOptional(),
    })
    .exactOptional(),
  neighbourOpened: z.partialRecord(z.enum(["a", "b"]), count).exactOptional(),
  /** How many packets, events and log lines the other files hold; absent in evidence from before they were counted. */
  holds: z.strictObject({ packets: count, events: count, logs: count }).exactOptional(),
  flows: z.partialRecord(
    z.enum(NODE_IDS),
    z.strictObject({
      flows: z.array(flow),
      fans: z.array(fan).exactOptional(),
      lost: count,
      sentinels: z.strictObject({ sent: count, seen: count }).exactOptional(),
    }),
  ),
});

export type EvidenceFile = z.output<typeof evidenceFile>;

/** A line of `conntrack.jsonl`. */
export const conntrackLine = z.strictObject({ node: z.enum(["na", "nb", "ca", "cb", "c"]), ...conntrackFields });

/** A line of `agents.jsonl`. */
export const agentLine = z.strictObject({
  event: z.literal("log"),
  atUs,
  what: z.string(),
  detail: z.unknown().exactOptional(),
  node: z.enum(NODE_IDS),
});

const gateway = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("router") }),
  z.looseObject({ kind: z.literal("nat"), name: z.string(), model: z.looseObject({}) }),
]);

const carrier = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("each"), a: gateway.exactOptional(), b: gateway.exactOptional() }),
  z.looseObject({ kind: z.literal("shared"), nat: gateway }),
]);

/** `cell.json`, as far as a verdict depends on it. */
export const cellFile = z.looseObject({
  id: z.string(),
  na: gateway,
  nb: gateway,
  carrier: carrier.exactOptional(),
  technique: z.looseObject({ name: z.enum(TECHNIQUES) }),
});
