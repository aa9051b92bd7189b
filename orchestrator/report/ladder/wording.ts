import { parseEndpoint, type Endpoint } from "../../../wire/address.ts";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { flagsText, type Packet } from "../../timeline/packet.ts";
import { rewritesOf, type Rewrite } from "../../timeline/rewrite.ts";
import type { AgentRow, ChangeRow, MappingRow, PacketRow } from "../../timeline/timeline.ts";
import { endpointText, nameOf, type Names } from "./names.ts";
import { visible } from "./visible.ts";

/** `SYN A:5000 as NA:61000 → NB:7000, ttl 64→61`: what a packet is, and what became of its addresses on the way. */
export function packetText(row: PacketRow, names: Names): string {
  const { packet, node } = row.sightings[0];
  const last = row.sightings.at(-1)!.packet;
  const rewrites = rewritesOf(row);
  const parts = [headline(packet, rewrites, names)];
  if (packet.kind === "tcp" && packet.via !== undefined) parts.push(`source-routed over ${nameOf(names, packet.via)}`);
  if (node === "x" && packet.kind !== "malformed" && !nameOf(names, packet.src).startsWith("X")) parts.push("forged");
  for (const field of ["seq", "ack"] as const)
    parts.push(
      ...rewrites
        .filter((one) => one.field === field)
        .map(({ at, from, to }) => `${at.toUpperCase()}: ${field} ${from}→${to}`),
    );
  if (packet.kind !== "malformed" && last.kind !== "malformed")
    parts.push(packet.ttl === last.ttl ? `ttl ${packet.ttl}` : `ttl ${packet.ttl}→${last.ttl}`);
  const tookMs = (row.sightings.at(-1)!.atUs - row.atUs) / 1000;
  if (tookMs >= SLOW_MS) parts.push(`took ${tookMs.toFixed(1)} ms`);
  return visible(parts.join(", "));
}

/** So long on its way, a packet was held up. */
const SLOW_MS = 5;

function headline(packet: Packet, rewrites: readonly Rewrite[], names: Names): string {
  switch (packet.kind) {
    case "malformed":
      return `malformed: ${packet.fault}`;
    case "other":
      return `IP protocol ${packet.protocol} ${addressText(packet, rewrites, names)}${packet.fault ? `: ${packet.fault}` : ""}`;
    case "icmp": {
      const { transport, src, dst } = packet.quoted;
      const port = (which: "srcPort" | "dstPort") => (transport.kind === "none" ? "" : `:${transport[which]}`);
      const about = `${nameOf(names, src)}${port("srcPort")} → ${nameOf(names, dst)}${port("dstPort")}`;
      return `ICMP ${packet.error}${packet.code ? ` code ${packet.code}` : ""} ${addressText(packet, rewrites, names)}, about ${about}`;
    }
    case "tcp": {
      const { from, to, flags, payloadBytes } = packet;
      const written = (field: "src" | "dst", word: string) =>
        changesOf(rewrites, field, (text) => endpointName(text, names))
          .map((one) => ` ${word} ${one}`)
          .join("");
      const what = flags & ~TCP_FLAG.psh & ~TCP_FLAG.ack || payloadBytes === 0 ? flagsText(flags) : "data";
      const bytes = payloadBytes > 0 ? `, ${payloadBytes} B` : "";
      return `${what} ${endpointText(names, from)}${written("src", "as")} → ${endpointText(names, to)}${written("dst", "for")}${bytes}`;
    }
  }
}

function addressText(
  packet: Exclude<Packet, { kind: "malformed" }>,
  rewrites: readonly Rewrite[],
  names: Names,
): string {
  const written = (field: "src" | "dst", word: string) =>
    changesOf(rewrites, field, (text) => names.get(text) ?? text)
      .map((one) => ` ${word} ${one}`)
      .join("");
  return `${nameOf(names, packet.src)}${written("src", "as")} → ${nameOf(names, packet.dst)}${written("dst", "for")}`;
}

function changesOf(rewrites: readonly Rewrite[], field: Rewrite["field"], say: (text: string) => string): string[] {
  return rewrites.filter((one) => one.field === field).map(({ to }) => say(to));
}

function endpointName(text: string, names: Names): string {
  const parsed = parseEndpoint(text);
  return parsed.ok ? endpointText(names, parsed.value) : text;
}

/** `NA opens NA:61000 for A:5000 → NB:7000` */
export function mappingText(
  { node, record: { event, original, reply, state, assured } }: MappingRow,
  names: Names,
): string {
  const who = node.toUpperCase();
  const inside = `${endpointText(names, original.src)} → ${endpointText(names, original.dst)}`;
  const translated =
    endpointText(names, reply.dst) === endpointText(names, original.src) ? "" : ` as ${endpointText(names, reply.dst)}`;
  const words = { new: "keeps", update: "has", destroy: "forgets", entry: "holds" }[event];
  const now = event === "update" ? `, ${state}${assured ? ", assured" : ""}` : "";
  return visible(`${who} ${words} ${inside}${translated}${now}`);
}

/** `A connect localPort=5000 to=NB:7000`: an agent's own word, with the owners of addresses by name. */
export function agentText({ node, log: { what, detail } }: AgentRow, names: Names): string {
  const text = `${node.toUpperCase()} ${what} ${valueText(detail, names)}`.trimEnd();
  return visible(text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text);
}

/** `NA loads iptables nat; net.ipv4.ip_forward 0→1`, `R cuts X's link` */
export function changeText({ node, change }: ChangeRow): string {
  return visible(`${node.toUpperCase()} ${changed(change)}`);
}

function changed(change: ChangeRow["change"]): string {
  if (change.kind === "x-link")
    return change.state === "cut" ? "cuts X's link" : `restores X's link; packets dropped meanwhile: ${change.dropped}`;
  const { iptables, nft, settings } = change;
  const parts = [
    ...(iptables.length > 0 ? [`iptables ${iptables.join(", ")}`] : []),
    ...(nft.length > 0 ? [`nft table ${nft.join(", ")}`] : []),
    ...settings.map(({ name, was, now }) => `${name} ${was}→${now}`),
  ];
  return `loads ${parts.join("; ") || "the rules that it has"}`;
}

/** A log line may hold a whole rule-set. */
const LONGEST_WORD = 96;

function valueText(value: unknown, names: Names): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return endpointName(value, names);
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one, names)).join(" ")}]`;
  if (isEndpoint(value)) return endpointText(names, value);
  return Object.entries(value)
    .map(([key, one]) =>
      one !== null && typeof one === "object" && !isEndpoint(one)
        ? `${key}={${valueText(one, names)}}`
        : `${key}=${valueText(one, names)}`,
    )
    .join(" ");
}

function isEndpoint(value: object): value is Endpoint {
  return (
    "ip" in value &&
    "port" in value &&
    typeof value.ip === "string" &&
    typeof value.port === "number" &&
    Object.keys(value).length === 2
  );
}
