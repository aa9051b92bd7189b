import { setTimeout as sleep } from "node:timers/promises";
import { formatEndpoint, type Ipv4 } from "../wire/address.ts";
import type { AttemptParameters, Searched } from "../wire/control.ts";
import type { SynReport } from "../wire/rendezvous.ts";
import { LINUX_WINDOW } from "../wire/tcp.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { floodDatagrams, watchAnswer, watchHit, watchSweep, type Hit } from "./host-packets.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { synDatagrams } from "./spray-datagrams.ts";
import { reportOf } from "./syn-report.ts";
import { FULL_TTL, SWEEP_PORTS, type HostAction } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** Ports of floods and birthdays lie above every attempt's window and below the kernel's own ephemeral range. */
export const FLOOD_PORTS = { from: 10_240, to: 49_999 } as const;

/** Every port that a NAT may translate: a raw SYN takes none from the kernel. */
const SPRAY_PORTS = { from: SWEEP_PORTS.from, to: SWEEP_PORTS.from + SWEEP_PORTS.count - 1 } as const;
/** 60 bytes each: some 10 Mbit/s, which an uplink should have. */
const SPRAYED_PER_SECOND = 20_000;
const PART = 256;
/** SYNs between two words about them. */
const WORD_EVERY = 4_096;

type Drawn = Pick<AttemptParameters, "seed" | "role">;

/** An answer to a spray, and the numbers of both sides with which the connection stands. */
export interface Answer {
  readonly localPort: number;
  readonly own: SynReport;
  readonly peer: SynReport;
}

/** What a SYN of this host would say that its kernel has not sent. */
export function drawNumbers({ seed, role }: Drawn): SynReport {
  const bytes = seededBytes(`${seed}/${role}/numbers`, 8);
  const [isn, tsval] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
  return { isn, window: LINUX_WINDOW, mss: 1460, windowScale: 7, sackPermitted: true, tsval };
}

/** One host's search for its own outside port: its raw packets, what it watches for, and what it took. */
export class HostSearch {
  readonly #recorder: Recorder;
  readonly #onHit: (hit: Hit) => void;
  readonly #atEnd: (cleanup: () => void) => void;
  #begunAt: number | undefined;
  #foundAt: number | undefined;
  #packets = 0;

  /** `atEnd` is given what is to be done when the attempt is over. */
  constructor(recorder: Recorder, atEnd: (cleanup: () => void) => void, onHit: (hit: Hit) => void) {
    this.#recorder = recorder;
    this.#atEnd = atEnd;
    this.#onHit = onHit;
  }

  /** What was searched so far; undefined where nothing was. */
  get searched(): Searched | undefined {
    if (this.#begunAt === undefined) return undefined;
    const ms = (this.#foundAt ?? performance.now()) - this.#begunAt;
    return { packets: this.#packets, ms: Math.round(ms * 1000) / 1000 };
  }

  /** So many packets more, whoever sent them. */
  count(packets: number): void {
    this.#packets += packets;
    log("searched", this.searched);
  }

  /** Sends the birthday's SYNs and watches for the answer; returns the ISN that they share. */
  async flood(
    { to, count, ttl }: Action<"flood">,
    { seed, role, src }: Pick<AttemptParameters, "seed" | "role"> & { readonly src: Ipv4 },
  ): Promise<number> {
    const isn = seededBytes(`${seed}/${role}/flood-isn`, 4).readUInt32LE();
    const ports = seededPorts(`${seed}/${role}/flood-ports`, count, FLOOD_PORTS);
    const raw = new RawSocket();
    this.#atEnd(() => raw.close());
    this.#begin();
    this.#atEnd(watchHit(this.#recorder, { from: to, isn, ports: new Set(ports) }, (hit) => this.#found(hit)));
    await raw.sendAll(floodDatagrams({ src, to, ttl, isn, ports }), to.ip);
    log("flooded", { isn, count, to: formatEndpoint(to), ttl });
    return isn;
  }

  /** Watches for the one ACK of X's sweep that gets here. */
  watchSweep({ localPort, from, isn }: Action<"watch-sweep">): void {
    this.#begin();
    this.#atEnd(watchSweep(this.#recorder, { localPort, from, isn }, (hit) => this.#found(hit)));
  }

  /** Sends a spray's SYNs, one pass of them, until one is answered; each pass has the same ports and numbers. */
  async spray(
    { to, count, ttl = FULL_TTL }: Action<"spray-syns">,
    { src, ...drawn }: Drawn & { readonly src: Ipv4 },
    { onAnswer, onProgress }: { onAnswer: (answer: Answer) => void; onProgress: (count: number) => void },
  ): Promise<void> {
    const own = drawNumbers(drawn);
    const ports = seededPorts(`${drawn.seed}/${drawn.role}/spray-ports`, count, SPRAY_PORTS);
    const raw = new RawSocket();
    this.#atEnd(() => raw.close());
    this.#begin();
    let isAnswered = false;
    this.#atEnd(
      watchAnswer(this.#recorder, { to, isn: own.isn }, ({ localPort, segment }) => {
        isAnswered = true;
        this.#foundAt = performance.now();
        const peer = reportOf(segment);
        log("spray-answered", { localPort, peer });
        onAnswer({ localPort, own, peer });
      }),
    );
    let sent = 0;
    for (; sent < count && !isAnswered && !raw.isClosed; sent += PART) {
      const part = ports.slice(sent, sent + PART);
      await raw.sendAll(synDatagrams({ src, to, ttl, syn: own, ports: part }), to.ip);
      this.#packets += part.length;
      if ((sent + PART) % WORD_EVERY === 0) onProgress(sent + PART);
      await sleep((PART / SPRAYED_PER_SECOND) * 1_000);
    }
    log("syns-sprayed", { to: formatEndpoint(to), ttl, count: Math.min(sent, count) });
  }

  #begin(): void {
    this.#begunAt ??= performance.now();
  }

  #found(hit: Hit): void {
    this.#foundAt = performance.now();
    log("hit", hit);
    this.#onHit(hit);
  }
}
