import { X_PORTS } from "../../wire/rendezvous.ts";
import { TcpSocket } from "../net/tcp-socket.ts";

/** Hops that are tried; X is never farther in a testbed, and on the internet its NAT side seldom is. */
const MAX_HOPS = 16;
/** A lower TTL's answer may come this much later than a higher one's. */
const GRACE_MS = 25;
const ANSWER_WITHIN_MS = 3_000;

/**
 * The TTL with which a packet passes every NAT on this side and dies one hop short of X: SYNs to X with rising TTL are
 * sent from one port each, and the smallest that connects counts X's distance. A constant is no substitute: behind a
 * carrier-grade NAT it is too low (docs: why not 2).
 */
export async function measureTtl(x: string, firstPort: number, keep: (socket: TcpSocket) => void): Promise<number> {
  const distance = await new Promise<number>((resolve, reject) => {
    let smallest = Infinity;
    const late = setTimeout(
      () => reject(new Error(`X is more than ${MAX_HOPS} hops away or does not answer`)),
      ANSWER_WITHIN_MS,
    );
    for (let ttl = 1; ttl <= MAX_HOPS; ttl += 1) {
      const socket = new TcpSocket({ localPort: firstPort + ttl - 1, ttl });
      keep(socket);
      socket.connect(x, X_PORTS.probes[0]).then(
        () => {
          if (smallest === Infinity) setTimeout(() => resolve(smallest), GRACE_MS);
          smallest = Math.min(smallest, ttl);
          clearTimeout(late);
        },
        () => {}, // died on the way, as low TTLs do
      );
    }
  });
  if (distance === 1) throw new Error("X is in this host's own network: no NAT is nearer, and no TTL is lower");
  return distance - 1;
}
