import { readFileSync, readdirSync } from "node:fs";
import { packPackets, type CapturedPacket } from "../wire/capture.ts";
import { KEPT_PER_FLOW, type CaptureResult } from "../wire/evidence.ts";
import { PROTOCOL } from "../wire/ipv4.ts";
import { Fans } from "./fans.ts";
import { Flows } from "./flows.ts";
import { Sentinel } from "./sentinel.ts";
import { PacketSocket, type SeenPacket } from "./net/packet-socket.ts";
import { readableWatch, type ReadableWatch } from "./net/poll.ts";

/** Packets one attempt may keep on one node: R sees each twice, and three birthdays of `auto` with RSTs in answer are 23,000. */
const KEEP_IN_ALL = 60_000;
/** The kernel hands a sentinel back within microseconds; a busy machine takes its time. */
const SENTINEL_WITHIN_MS = 2_000;
/** The socket is emptied so often while something is recorded and nobody taps (its buffer lasts far longer). */
const DRAIN_EVERY_MS = 20;

export type Tap = (packet: SeenPacket) => void;

/**
 * Capture of one network namespace: what was seen since `begin`, as packets and as flow totals.
 * Draining the socket in `end` is complete by construction: the kernel queues a packet on the packet socket
 * before the packet reaches anybody who could report it.
 */
export class Recorder {
  readonly #socket = new PacketSocket();
  readonly #sentinel = new Sentinel(this.#socket);
  readonly #taps = new Set<Tap>();
  #names: readonly string[] = [];
  #indexOf = new Map<number, number>();
  #kept: CapturedPacket[] = [];
  readonly #keep = (packet: CapturedPacket): void => {
    if (this.#kept.length >= KEEP_IN_ALL) this.#lost += 1;
    else this.#kept.push(packet);
  };
  #fans = new Fans(this.#keep);
  #flows = new Flows(this.#names, this.#fans);
  #lost = 0;
  #dropsBefore = 0;

  #isRecording = false;
  /** Runs while anybody taps. */
  readonly #tapped: ReadableWatch;
  /** Set while the socket queues packets. */
  #tending: NodeJS.Timeout | undefined;

  /**
   * Taps are called as packets arrive. Without taps the socket is emptied from time to time, and while nothing is recorded either the kernel
   * queues nothing: what a connection carries costs nobody a copy.
   */
  constructor() {
    this.#socket.ignore();
    this.#tapped = readableWatch(this.#socket.fd, () => this.drain());
  }

  begin(): void {
    this.#isRecording = true;
    this.#attend();
    this.#socket.drain(() => {});
    this.#dropsBefore = this.#socket.drops;
    const interfaces = readdirSync("/sys/class/net").map((name) => ({ name, index: interfaceIndex(name) }));
    this.#names = interfaces.map(({ name }) => name);
    this.#indexOf = new Map(interfaces.map(({ index }, position) => [index, position]));
    this.#forget();
    this.#sentinel.restart();
    this.#proveLive();
  }

  end(): CaptureResult {
    const result = this.look();
    this.#isRecording = false;
    this.#forget();
    return result;
  }

  /** Everything since `begin`, which goes on. */
  look(): CaptureResult {
    if (!this.#isRecording) throw new Error("nothing is being captured");
    this.#proveLive();
    const fans = this.#fans.totals(this.#names);
    return {
      packets: Buffer.from(packPackets(this.#kept)).toString("base64"),
      interfaces: this.#names,
      flows: this.#flows.totals,
      ...(fans.length > 0 && { fans }),
      lost: this.#lost + this.#socket.drops - this.#dropsBefore,
      sentinels: this.#sentinel.counts,
    };
  }

  #forget(): void {
    this.#kept = [];
    this.#fans = new Fans(this.#keep);
    this.#flows = new Flows(this.#names, this.#fans);
    this.#lost = 0;
  }

  /** Has the kernel queue packets, until `#tend` finds that nobody needs them. */
  #attend(): void {
    if (this.#tending) return;
    this.#socket.hear();
    this.#tending = setInterval(() => this.#tend(), DRAIN_EVERY_MS);
  }

  /** Stops here and never in the middle of `drain`, where a tap may end itself. */
  #tend(): void {
    this.drain();
    if (this.#isRecording || this.#taps.size > 0) return;
    clearInterval(this.#tending);
    this.#tending = undefined;
    this.#socket.ignore();
    this.drain(); // what was queued before is nobody's
  }

  /** Sends a sentinel and reads until it is back; what is not back in time is missing from the counts. */
  #proveLive(): void {
    this.#sentinel.send();
    const until = performance.now() + SENTINEL_WITHIN_MS;
    for (this.drain(); !this.#sentinel.isBack && performance.now() < until; this.drain()) pause(1);
  }

  /** Calls `tap` with every packet from now on, until the returned function is called. */
  tap(tap: Tap): () => void {
    if (this.#taps.size === 0) this.#tapped.start();
    this.#taps.add(tap);
    this.#attend();
    return () => {
      if (this.#taps.delete(tap) && this.#taps.size === 0) this.#tapped.stop();
    };
  }

  /** Hands on at once everything that arrived so far: what another process tells next cannot be older. */
  drain(): void {
    this.#socket.drain((packet) => {
      if (this.#sentinel.takes(packet)) return;
      if (this.#isRecording) this.#record(packet);
      for (const tap of this.#taps) tap(packet);
    });
  }

  #record(packet: SeenPacket): void {
    const iface = this.#indexOf.get(packet.ifindex);
    if (iface === undefined) return;
    const tcp = packet.tcpStart;
    if (tcp !== undefined) {
      const flags = packet.view.getUint8(tcp + 13);
      const flow = this.#flows.count(packet, iface, { tcp, flags });
      if (!flow || (flow.packets > KEPT_PER_FLOW && (flags & (FIN | SYN | RST)) === 0)) return;
    } else if (packet.protocol === PROTOCOL.icmp && this.#fans.isBeyond(packet, iface)) return; // answers to a search
    const { direction, atUs, length } = packet;
    this.#keep({ iface, direction, atUs, length, bytes: packet.bytes.slice() });
  }
}

const [FIN, SYN, RST] = [1, 2, 4];

/** Blocks: nothing else may come between the sentinel and its capture. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function interfaceIndex(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
}
