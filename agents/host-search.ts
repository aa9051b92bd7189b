import { setTimeout as sleep } from "node:timers/promises";
import { formatEndpoint, sameEndpoint, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { Searched } from "../wire/attempt.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import type { TcpSegment } from "../wire/tcp.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import type { Endings } from "./endings.ts";
import { FLOOD_PORTS, NAT_PORTS, drawNumbers, type Drawn } from "./host-draws.ts";
import { floodDatagrams, watchAnswer, watchHit, watchPeerSyn, watchSweep, type Hit } from "./host-packets.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { synDatagrams } from "./spray-datagrams.ts";
import { reportOf } from "./syn-report.ts";
import { FULL_TTL, type HostAction, type HostEvent } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** 60 bytes each: some 10 Mbit/s, which an uplink should have. */
const SPRAYED_PER_SECOND = 20_000;
const PART = 256;
/** SYNs between two words about them. */
const WORD_EVERY = 4_096;

interface Surroundings {
  /** This host's address on the way to X, once that is known. */
  readonly source: () => Ipv4 | undefined;
  readonly endings: Endings;
  readonly happened: (event: HostEvent) => void;
}

/** One host's search for outside ports, its own or the peer's: its raw packets, what it watches for, and what it took. */
export class HostSearch {
  readonly #drawn: Drawn;
  readonly #recorder: Recorder;
  readonly #surroundings: Surroundings;
  #begunAt: number | undefined;
  #foundAt: number | undefined;
  #packets = 0;
  #sprayed: Endpoint | undefined;

  constructor({ seed, role }: Drawn, recorder: Recorder, surroundings: Surroundings) {
    this.#drawn = { seed, role };
    this.#recorder = recorder;
    this.#surroundings = surroundings;
  }

  /** What was searched so far; undefined where nothing was. */
  get searched(): Searched | undefined {
    if (this.#begunAt === undefined) return undefined;
    const ms = (this.#foundAt ?? performance.now()) - this.#begunAt;
    return { packets: this.#packets, ms: Math.round(ms * 1000) / 1000 };
  }

  /** So many packets more, whoever sent them. */
  count({ packets }: Action<"searched">): void {
    this.#packets += packets;
    log("searched", this.searched);
  }

  /** Sends the birthday's SYNs, which share one ISN, and watches for the answer. */
  async flood({ to, count, ttl }: Action<"flood">): Promise<void> {
    const { source, endings, happened } = this.#surroundings;
    const src = source();
    if (src === undefined) return;
    const { seed, role } = this.#drawn;
    const isn = seededBytes(`${seed}/${role}/flood-isn`, 4).readUInt32LE();
    const ports = seededPorts(`${seed}/${role}/flood-ports`, count, FLOOD_PORTS);
    const raw = new RawSocket();
    endings.atEnd(() => raw.close());
    this.#begin();
    endings.untilAdopted(watchHit(this.#recorder, { from: to, isn, ports: new Set(ports) }, (hit) => this.#found(hit)));
    await raw.sendAll(floodDatagrams({ src, to, ttl, isn, ports }), to.ip);
    log("flooded", { isn, count, to: formatEndpoint(to), ttl });
    happened({ kind: "flooded", isn, count });
  }

  /** Watches for the one ACK of X's sweep that gets here. */
  watchSweep(sweep: Action<"watch-sweep">): void {
    this.#begin();
    this.#surroundings.endings.untilAdopted(watchSweep(this.#recorder, sweep, (hit) => this.#found(hit)));
  }

  /** Sends a spray's SYNs, one pass of them, until something comes back; each pass has the same ports and numbers. */
  async spray({ to, count, ttl = FULL_TTL, meets }: Action<"spray-syns">): Promise<void> {
    const { source, endings, happened } = this.#surroundings;
    const src = source();
    if (src === undefined) return;
    const own = drawNumbers(this.#drawn);
    const ports = seededPorts(`${this.#drawn.seed}/${this.#drawn.role}/spray-ports`, count, NAT_PORTS);
    const raw = new RawSocket();
    endings.atEnd(() => raw.close());
    this.#begin();
    this.#watchSpray(to, meets ?? false);
    let sent = 0;
    for (; sent < count && this.#foundAt === undefined && !raw.isClosed; sent += PART) {
      const part = ports.slice(sent, sent + PART);
      await raw.sendAll(synDatagrams({ src, to, ttl, syn: own, ports: part }), to.ip);
      this.#packets += part.length;
      if ((sent + PART) % WORD_EVERY === 0) happened({ kind: "spraying", count: sent + PART });
      await sleep((PART / SPRAYED_PER_SECOND) * 1_000);
    }
    log("syns-sprayed", { to: formatEndpoint(to), ttl, count: Math.min(sent, count) });
    happened({ kind: "syns-sprayed", count });
  }

  /** Once for all passes to one endpoint. */
  #watchSpray(to: Endpoint, meets: boolean): void {
    if (this.#sprayed && sameEndpoint(this.#sprayed, to)) return;
    this.#sprayed = to;
    const own = drawNumbers(this.#drawn);
    const heard = (kind: "answered" | "met") => (of: { readonly localPort: number; readonly segment: TcpSegment }) => {
      this.#foundAt ??= performance.now();
      const { localPort } = of;
      const peer = reportOf(of.segment);
      log(kind === "met" ? "spray-met" : "spray-answered", { localPort, peer });
      this.#surroundings.happened({ kind, from: to, localPort, own, peer });
    };
    this.#surroundings.endings.untilAdopted(watchAnswer(this.#recorder, { to, isn: own.isn }, heard("answered")));
    if (meets) this.#surroundings.endings.untilAdopted(watchPeerSyn(this.#recorder, to, heard("met")));
  }

  #begin(): void {
    this.#begunAt ??= performance.now();
  }

  #found(hit: Hit): void {
    this.#foundAt = performance.now();
    log("hit", hit);
    this.#surroundings.happened({ kind: "hit", ...hit });
  }
}
