import type { Endpoint, Ipv4 } from "../../wire/address.ts";
import { TIME_EXCEEDED, UNREACHABLE, encodeIcmpError } from "../../wire/icmp.ts";
import { PROTOCOL, encodeIpv4, type Ipv4Option } from "../../wire/ipv4.ts";
import type { IcmpErrorName } from "../../wire/probe.ts";
import { LINUX_WINDOW, TCP_FLAG, encodeTcp } from "../../wire/tcp.ts";

/** As a Linux kernel's own. */
const TTL = 64;

export interface Segment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly payload?: Uint8Array;
  /** The first router of a loose source route to `to` (RFC 791 section 3.1). */
  readonly via?: Ipv4;
}

/** A whole IPv4 datagram with one TCP segment; SYNs carry an MSS and no other option, so that windows are not scaled. */
export function segmentDatagram({ from, to, flags, seq, ack, payload, via }: Segment): Uint8Array {
  const ends = { src: from.ip, dst: to.ip };
  const options = flags & TCP_FLAG.syn ? ([{ kind: "mss", bytes: 1460 }] as const) : [];
  const tcp = encodeTcp(
    {
      srcPort: from.port,
      dstPort: to.port,
      seq,
      ack,
      flags,
      window: LINUX_WINDOW,
      options,
      payload: payload ?? NOTHING,
    },
    ends,
  );
  const route: readonly Ipv4Option[] = via === undefined ? [] : [{ kind: "lsrr", pointer: 4, route: [to.ip] }];
  return encodeIpv4({
    src: from.ip,
    dst: via ?? to.ip,
    ttl: TTL,
    id: 0,
    protocol: PROTOCOL.tcp,
    dontFragment: true,
    options: route,
    payload: tcp,
  });
}

interface IcmpReport {
  readonly error: IcmpErrorName;
  /** The error's sender, and the destination of the SYN that it quotes. */
  readonly from: Endpoint;
  /** The SYN's source. */
  readonly to: Endpoint;
  readonly seq: number;
}

/** An ICMP error for a SYN from `to` to `from`, as the router or host at `from` would send it. */
export function icmpDatagram({ error, from, to, seq }: IcmpReport): Uint8Array {
  const quoted = segmentDatagram({ from: to, to: from, flags: TCP_FLAG.syn, seq, ack: 0 });
  const payload = encodeIcmpError(
    error === "time-exceeded"
      ? { kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted }
      : { kind: "destination-unreachable", code: UNREACHABLE.host, quoted },
  );
  return encodeIpv4({ src: from.ip, dst: to.ip, ttl: TTL, id: 0, protocol: PROTOCOL.icmp, payload });
}

const NOTHING = new Uint8Array(0);
