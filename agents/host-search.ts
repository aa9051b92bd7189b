import { formatEndpoint, type Ipv4 } from "../wire/address.ts";
import type { AttemptParameters, Searched } from "../wire/control.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { floodDatagrams, watchHit, watchSweep, type Hit } from "./host-packets.ts";
import { RawSocket } from "./net/raw-socket.ts";
import type { HostAction } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** Ports of floods and birthdays lie above every attempt's window and below the kernel's own ephemeral range. */
export const FLOOD_PORTS = { from: 10_240, to: 49_999 } as const;

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

  #begin(): void {
    this.#begunAt ??= performance.now();
  }

  #found(hit: Hit): void {
    this.#foundAt = performance.now();
    log("hit", hit);
    this.#onHit(hit);
  }
}
