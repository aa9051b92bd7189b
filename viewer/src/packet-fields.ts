import { decodeIcmp } from "../../wire/icmp.ts";
import { decodeIpv4, PROTOCOL, type Ipv4Option, type Ipv4Packet } from "../../wire/ipv4.ts";
import { decodeTcp, formatFlags, type TcpSegment } from "../../wire/tcp.ts";
import type { TcpOption } from "../../wire/tcp-options.ts";

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** The header fields of a packet, as far as it can be read. */
export function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const ip = decodeIpv4(bytes);
  if (!ip.ok) return [{ name: "unreadable", value: ip.error }];
  const { protocol, payload, fragmentOffset } = ip.value;
  const head = ipFields(ip.value, "");
  if (fragmentOffset > 0) return head;
  if (protocol === PROTOCOL.tcp) {
    const tcp = decodeTcp(payload);
    return [...head, ...(tcp.ok ? tcpFields(tcp.value, ip.value) : [{ name: "TCP", value: tcp.error }])];
  }
  return protocol === PROTOCOL.icmp ? [...head, ...icmpFields(payload)] : head;
}

function ipFields(packet: Ipv4Packet, about: string): readonly Field[] {
  const { src, dst, ttl, id, protocol, totalLength, checksum, dontFragment, moreFragments, fragmentOffset, options } =
    packet;
  const fragment = [
    dontFragment ? "don't fragment" : "",
    moreFragments ? "more fragments" : "",
    fragmentOffset > 0 ? `offset ${fragmentOffset}` : "",
  ].filter(Boolean);
  return [
    { name: `${about}source`, value: src },
    { name: `${about}destination`, value: dst },
    { name: `${about}TTL`, value: String(ttl) },
    { name: `${about}identification`, value: `${id} (${hex(id, 4)})` },
    { name: `${about}protocol`, value: protocolName(protocol) },
    { name: `${about}total length`, value: String(totalLength) },
    ...(fragment.length > 0 ? [{ name: `${about}fragment`, value: fragment.join(", ") }] : []),
    ...(options.length > 0 ? [{ name: `${about}IP options`, value: options.map(ipOption).join(", ") }] : []),
    { name: `${about}IP checksum`, value: hex(checksum, 4) },
  ];
}

function tcpFields(tcp: TcpSegment, { payloadLength }: Ipv4Packet): readonly Field[] {
  const { srcPort, dstPort, seq, ack, flags, window, urgent, options, headerLength, checksum } = tcp;
  return [
    { name: "source port", value: String(srcPort) },
    { name: "destination port", value: String(dstPort) },
    { name: "flags", value: formatFlags(flags) },
    { name: "sequence", value: String(seq) },
    { name: "acknowledgment", value: String(ack) },
    { name: "window", value: String(window) },
    ...(urgent > 0 ? [{ name: "urgent pointer", value: String(urgent) }] : []),
    ...(options.length > 0 ? [{ name: "TCP options", value: options.map(tcpOption).join(", ") }] : []),
    { name: "TCP checksum", value: hex(checksum, 4) },
    { name: "payload", value: `${payloadLength - headerLength} bytes` },
  ];
}

function icmpFields(bytes: Uint8Array): readonly Field[] {
  const icmp = decodeIcmp(bytes);
  if (!icmp.ok) return [{ name: "ICMP", value: icmp.error }];
  if (icmp.value.kind === "other") return [{ name: "ICMP", value: `type ${icmp.value.type}, code ${icmp.value.code}` }];
  const { kind, code, original } = icmp.value;
  const head = [{ name: "ICMP", value: `${kind}, code ${code}` }];
  if (!original.ok) return [...head, { name: "about", value: original.error }];
  const { src, dst, ttl, id, transport } = original.value;
  const port = (which: "srcPort" | "dstPort"): string => (transport.kind === "none" ? "" : `:${transport[which]}`);
  return [
    ...head,
    { name: "about source", value: `${src}${port("srcPort")}` },
    { name: "about destination", value: `${dst}${port("dstPort")}` },
    { name: "about TTL", value: String(ttl) },
    { name: "about identification", value: `${id} (${hex(id, 4)})` },
    ...(transport.kind === "tcp" ? [{ name: "about sequence", value: String(transport.seq) }] : []),
  ];
}

function ipOption(option: Ipv4Option): string {
  switch (option.kind) {
    case "lsrr":
      return `loose source route ${option.route.join(" ")}, pointer ${option.pointer}`;
    case "unknown":
      return `type ${option.type}`;
    case "end":
    case "nop":
    case "malformed":
      return option.kind;
  }
}

function tcpOption(option: TcpOption): string {
  const { kind, ...values } = option;
  return [kind, ...Object.values(values).map(valueText)].join(" ");
}

const valueText = (value: unknown): string =>
  value instanceof Uint8Array || Array.isArray(value) ? `(${value.length})` : String(value);

function protocolName(protocol: number): string {
  const name = Object.entries(PROTOCOL).find(([, number]) => number === protocol)?.[0];
  return name === undefined ? String(protocol) : `${protocol} (${name})`;
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;
