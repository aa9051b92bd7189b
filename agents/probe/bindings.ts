import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { Binding, Tested } from "../../wire/fingerprint.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import { skipped, type Ground } from "./ground.ts";
import { outsideOf } from "./prediction.ts";

/** One connection to make: from where, to which probe port of which of X's addresses. */
export interface Wanted {
  readonly localPort: number;
  readonly address: number;
  readonly xPort: number;
  /** An inside address other than the one that X is reached from. */
  readonly localAddress?: Ipv4;
}

/** So long may a connection take besides its round trips: the SYN, lost once, is sent again after a second. */
const CONNECT_WITHIN_MS = 1_500;
const ROUND_TRIPS = 4;

/**
 * Makes real connections, one after the other, each held open until all are made: two at a time on one local endpoint would not be two
 * mappings. A repetition of a connection is made after the others were closed.
 */
export async function makeBindings(
  { line }: Ground,
  rounds: readonly (readonly Wanted[])[],
): Promise<Tested<{ readonly made: readonly Binding[] }>> {
  const withinMs = CONNECT_WITHIN_MS + ROUND_TRIPS * line.rttMs;
  const made: Binding[] = [];
  for (const round of rounds) {
    const sockets: TcpSocket[] = [];
    try {
      for (const wanted of round) {
        const x = line.endpoint(wanted.address, wanted.xPort);
        if (x) made.push(await bind(wanted, { x, inside: wanted.localAddress ?? line.inside, withinMs }, sockets));
      }
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "EACCES") return skipped("needs CAP_NET_BIND_SERVICE");
      if (code === "EADDRINUSE") return skipped("a local port of the test is in use");
      throw error;
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }
  return { ran: true, made };
}

interface Ends {
  readonly x: Endpoint;
  readonly inside: Ipv4;
  readonly withinMs: number;
}

async function bind(
  { localPort, localAddress }: Wanted,
  { x, inside, withinMs }: Ends,
  keep: TcpSocket[],
): Promise<Binding> {
  const socket = new TcpSocket({ localPort, ...(localAddress === undefined ? {} : { localAddress }) });
  keep.push(socket);
  const local = { ip: inside, port: port(localPort) };
  try {
    return { local, x, outside: await outsideOf(socket, x, withinMs) };
  } catch {
    return { local, x }; // refused or unanswered: an observation too
  }
}
