import { sameEndpoint } from "../../wire/address.ts";
import type { GatewayDuties } from "../../wire/control.ts";
import { decodeIpv4, PROTOCOL } from "../../wire/ipv4.ts";
import type { ConntrackTuple } from "../../wire/conntrack.ts";
import { decodeTcp } from "../../wire/tcp.ts";
import { log } from "../channel.ts";
import type { ConntrackTable } from "../conntrack.ts";
import { PacketQueue, type HeldPacket } from "./packet-queue.ts";

type Duty = NonNullable<GatewayDuties["delayedAnswer"]>;

/**
 * RFC 5382 REQ-4: an unsolicited SYN is not answered for so long, and never when an outbound SYN of the same connection was translated
 * meanwhile; else it is refused with ICMP. The packet itself waits in the kernel's queue, so that the kernel can quote it.
 */
export class DelayedAnswer {
  readonly #conntrack: ConntrackTable;
  readonly #waiting = new Map<number, NodeJS.Timeout>();
  #queue: PacketQueue | undefined;
  #duty: Duty | undefined;

  constructor(conntrack: ConntrackTable) {
    this.#conntrack = conntrack;
  }

  serve(duty: Duty): void {
    this.#duty = duty;
    this.#queue ??= new PacketQueue(duty.queue, (packet) => this.#hold(packet));
  }

  /** Drops what waits, unanswered: also what the kernel has handed over and nobody has looked at. */
  forget(): void {
    this.#queue?.receive();
    for (const [packetId, timer] of this.#waiting) {
      clearTimeout(timer);
      this.#queue?.decide({ packetId, verdict: "drop" });
    }
    this.#waiting.clear();
  }

  #hold({ packetId, bytes }: HeldPacket): void {
    if (!this.#duty) return;
    const { afterMs, mark } = this.#duty;
    const syn = endpointsOf(bytes);
    this.#waiting.set(
      packetId,
      setTimeout(() => this.#answer({ packetId, mark }, syn), afterMs),
    );
  }

  #answer({ packetId, mark }: { packetId: number; mark: number }, syn: ConntrackTuple | undefined): void {
    this.#waiting.delete(packetId);
    const followed = syn !== undefined && this.#translatedOutward(syn);
    log("unsolicited SYN", { ...syn, answer: followed ? "silence: an outbound SYN followed" : "ICMP" });
    if (followed) this.#queue?.decide({ packetId, verdict: "drop" });
    else this.#queue?.decide({ packetId, verdict: "repeat", mark });
  }

  /** An entry whose answers come from where the SYN came from, to where it went. */
  #translatedOutward({ src, dst }: ConntrackTuple): boolean {
    const found = this.#conntrack.select(
      ({ protocol, reply }) =>
        protocol === PROTOCOL.tcp && sameEndpoint(reply.src, src) && sameEndpoint(reply.dst, dst),
    );
    return found.length > 0;
  }
}

function endpointsOf(bytes: Uint8Array): ConntrackTuple | undefined {
  const packet = decodeIpv4(bytes);
  if (!packet.ok) return undefined;
  const segment = decodeTcp(packet.value.payload);
  if (!segment.ok) return undefined;
  const { src, dst } = packet.value;
  return { src: { ip: src, port: segment.value.srcPort }, dst: { ip: dst, port: segment.value.dstPort } };
}
