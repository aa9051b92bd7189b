import { port, type Endpoint, type Port } from "../../wire/address.ts";
import type { Tested } from "../../wire/fingerprint.ts";
import type { RawSocket } from "../net/raw-socket.ts";
import { segmentDatagram, type Segment } from "./datagram.ts";
import type { Ear } from "./ear.ts";
import type { XLine } from "./x-line.ts";

/** What raw packets need; a host without CAP_NET_RAW has none of it. */
export interface RawGround {
  readonly ear: Ear;
  readonly socket: RawSocket;
}

/** What every test of the battery stands on. */
export interface Ground {
  readonly line: XLine;
  readonly raw: RawGround | undefined;
  readonly ports: PortSupply;
  readonly draw: () => number;
  /** How long nothing has to be heard to be silence. */
  readonly silenceMs: number;
}

/** A ground on which raw packets can be sent. */
export type PacketGround = Ground & { readonly raw: RawGround };

/** Runs a test that needs raw packets, or says why it cannot. */
export async function withPackets<T>(
  ground: Ground,
  test: (ground: PacketGround) => Promise<Tested<T>>,
): Promise<Tested<T>> {
  const { raw } = ground;
  return raw ? test({ ...ground, raw }) : skipped("needs CAP_NET_RAW");
}

export function skipped(why: string): { readonly ran: false; readonly why: string } {
  return { ran: false, why };
}

/** Local ports and silent ports of X, each given out once, so that no test hears another's packets. */
export class PortSupply {
  readonly #local: Iterator<number>;
  readonly #silent: Iterator<number>;

  /** `start` says where in X's ports to begin: probers behind one address should not meet. */
  constructor(localPort: number, silent: { readonly from: number; readonly to: number }, start: number) {
    const size = silent.to - silent.from + 1;
    this.#local = sequence(LOCAL_PORTS, (index) => localPort + index);
    this.#silent = sequence(size, (index) => silent.from + ((start + index) % size));
  }

  local(): Port {
    return next(this.#local, "local ports");
  }

  silent(): Port {
    return next(this.#silent, "ports of X");
  }
}

/** Consecutive local ports that a battery may use. */
export const LOCAL_PORTS = 256;

function* sequence(size: number, at: (index: number) => number): Generator<number> {
  for (let index = 0; index < size; index += 1) yield at(index);
}

function next(supply: Iterator<number>, what: string): Port {
  const { value, done } = supply.next();
  if (done) throw new Error(`the battery needs more ${what} than it has`);
  return port(value as number);
}

/** Sends one raw segment from this host. */
export function sendSegment({ raw }: PacketGround, segment: Segment): void {
  raw.socket.send(segmentDatagram(segment), segment.via ?? segment.to.ip);
}

/** An endpoint of this host on the address that X is reached from. */
export function ownEndpoint({ line }: Ground, localPort: Port): Endpoint {
  return { ip: line.inside, port: localPort };
}

/**
 * The first value that `subscribe` hands on within `withinMs`, else undefined. What arrived in time counts, even where this process is
 * late to look.
 */
export function within<T>(
  withinMs: number,
  subscribe: (found: (value: T) => void) => () => void,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const finish = (value?: T): void => {
      clearTimeout(late);
      stop();
      resolve(value);
    };
    const late = setTimeout(() => setImmediate(finish), withinMs);
    const stop = subscribe(finish);
  });
}
