import { formatEndpoint, port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { TcpSegment } from "../wire/tcp.ts";
import { log } from "./channel.ts";
import { forgeSynAck } from "./forge.ts";
import { copyOfSyn } from "./host-packets.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { reportOf } from "./syn-report.ts";
import type { HostAction } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** Segments that one host sends past its kernel in the name of its own SYNs. */
export class HostSegments {
  readonly #source: () => Ipv4 | undefined;
  #syn: { readonly segment: TcpSegment; readonly to: Endpoint } | undefined;

  /** `source`: this host's address on the way to X, once that is known. */
  constructor(source: () => Ipv4 | undefined) {
    this.#source = source;
  }

  /** A SYN of this host's kernel has left. */
  saw(segment: TcpSegment, to: Endpoint): void {
    this.#syn = { segment, to };
  }

  copySyn({ ttl }: Action<"copy-syn">): void {
    const src = this.#source();
    if (!this.#syn || src === undefined) return;
    const { segment, to } = this.#syn;
    send(copyOfSyn(segment, { src, to, ttl }), to);
    log("syn-copied", { to: formatEndpoint(to), ttl });
  }

  answerSyn({ syn }: Action<"answer-syn">): void {
    const ip = this.#source();
    if (!this.#syn || ip === undefined) return;
    const { segment, to } = this.#syn;
    const from = { ip, port: segment.srcPort };
    send(forgeSynAck({ kind: "forge-syn-ack", from, to, syn, of: reportOf(segment) }), to);
    log("syn-answered", { to: formatEndpoint(to) });
  }

  answerMet({ localPort, to, own, peer }: Action<"answer-met">): void {
    const ip = this.#source();
    if (ip === undefined) return;
    send(forgeSynAck({ kind: "forge-syn-ack", from: { ip, port: port(localPort) }, to, syn: peer, of: own }), to);
    log("syn-answered", { localPort, to: formatEndpoint(to) });
  }
}

function send(datagram: Uint8Array, to: Endpoint): void {
  const raw = new RawSocket();
  try {
    raw.send(datagram, to.ip);
  } finally {
    raw.close();
  }
}
