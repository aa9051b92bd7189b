import { tcpErrorOf } from "../../wire/icmp.ts";
import { decodeIpv4 } from "../../wire/ipv4.ts";
import type { ConntrackTuple } from "../../wire/conntrack.ts";
import { log } from "../channel.ts";
import type { ConntrackTable } from "../conntrack.ts";
import { PacketQueue, type HeldPacket } from "./packet-queue.ts";

/**
 * Tears mappings down by ICMP: each time-exceeded that passes the queue takes the connection that it is about with it, before the
 * host learns of the error.
 */
export class Teardown {
  readonly #conntrack: ConntrackTable;
  #queue: PacketQueue | undefined;

  constructor(conntrack: ConntrackTable) {
    this.#conntrack = conntrack;
  }

  serve(queue: number): void {
    this.#queue ??= new PacketQueue(queue, (packet) => this.#pass(packet));
  }

  #pass({ packetId, bytes }: HeldPacket): void {
    const quoted = quotedConnection(bytes);
    if (quoted) log("mapping torn down by ICMP", { ...quoted, existed: this.#conntrack.remove(quoted) });
    this.#queue?.decide({ packetId, verdict: "accept" });
  }
}

/** The quote is translated already: its source is the inside host. */
function quotedConnection(bytes: Uint8Array): ConntrackTuple | undefined {
  const packet = decodeIpv4(bytes);
  const error = packet.ok ? tcpErrorOf(packet.value) : undefined;
  return error && { src: error.src, dst: error.dst };
}
