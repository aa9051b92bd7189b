import type { Endpoint, Ipv4, Port } from "../wire/address.ts";
import { PROTOCOL, encodeIpv4 } from "../wire/ipv4.ts";
import type { SynReport } from "../wire/rendezvous.ts";
import type { TcpOption } from "../wire/tcp-options.ts";
import { TCP_FLAG, encodeTcp } from "../wire/tcp.ts";
import { AT, change } from "./sweep-datagrams.ts";

interface Spray {
  readonly src: Ipv4;
  readonly to: Endpoint;
  readonly ttl: number;
  readonly syn: SynReport;
  readonly ports: readonly number[];
}

/** The SYNs of a spray, alike but for their source port. One buffer for all: use each before the next. */
export function* synDatagrams({ src, to, ttl, syn, ports }: Spray): Generator<Uint8Array> {
  const addresses = { src, dst: to.ip };
  const fields = {
    srcPort: 0 as Port,
    dstPort: to.port,
    seq: syn.isn,
    ack: 0,
    flags: TCP_FLAG.syn,
    window: syn.window,
  };
  const payload = encodeTcp({ ...fields, options: optionsOf(syn) }, addresses);
  const bytes = encodeIpv4({ ...addresses, ttl, id: 0, protocol: PROTOCOL.tcp, dontFragment: true, payload });
  for (const port of ports) {
    change(bytes, { word: AT.srcPort, checksum: AT.tcpChecksum }, port);
    yield bytes;
  }
}

/** In Linux's own order. */
function optionsOf({ mss, sackPermitted, tsval, windowScale }: SynReport): readonly TcpOption[] {
  return [
    ...(mss === undefined ? [] : [{ kind: "mss", bytes: mss } as const]),
    ...(sackPermitted ? [{ kind: "sackPermitted" } as const] : []),
    ...(tsval === undefined ? [] : [{ kind: "timestamps", tsval, tsecr: 0 } as const]),
    ...(windowScale === undefined
      ? []
      : [{ kind: "nop" } as const, { kind: "windowScale", shift: windowScale } as const]),
  ];
}
