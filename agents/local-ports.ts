import { readFileSync } from "node:fs";
import { ATTEMPT_WINDOWS } from "../wire/attempt.ts";
import { AF_INET, SOCK_STREAM, bindSocket, closeDescriptor, openSocket, socketAddress } from "./net/libc.ts";

/** Consecutive local ports that no other program had, and that no other attempt takes until they are released. */
export interface ClaimedWindow {
  readonly first: number;
  release(): void;
}

/**
 * Takes an attempt's consecutive local ports: those that were drawn, unless another program has one of them, then the next that are
 * free. Throws EADDRINUSE where none are.
 */
export function claimWindow(drawn: number): ClaimedWindow {
  const { first, ports, count } = ATTEMPT_WINDOWS;
  const handshakes = unfinishedHandshakes();
  for (let index = 0; index < count; index += 1) {
    const start = first + ((drawn - first + index * ports) % (count * ports));
    if (handshakes.some((port) => port >= start && port < start + ports)) continue;
    const claimed = claim(start, ports);
    if (claimed) return claimed;
  }
  const message = `other programs hold local TCP ports in each of the ${count} groups between ${first} and ${first + count * ports - 1}`;
  throw Object.assign(new Error(message), { code: "EADDRINUSE" });
}

/**
 * Local ports of handshakes that peers began and did not finish. They outlive their listener by up to a minute, until SYN+ACK would be sent
 * again (reqsk_timer_handler), and meanwhile a connect() between the same endpoints fails with EADDRNOTAVAIL, although its port can be
 * bound: only the table of connections knows of them.
 */
function unfinishedHandshakes(): readonly number[] {
  const lines = readFileSync("/proc/net/tcp", "latin1").split("\n");
  return lines.flatMap((line) => {
    const [, hex] = /^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ 03 /.exec(line) ?? [];
    return hex === undefined ? [] : [Number.parseInt(hex, 16)];
  });
}

/** The last port is nobody's own: whoever is bound to it has all. */
function claim(first: number, ports: number): ClaimedWindow | undefined {
  const sign = bound(first + ports - 1);
  if (sign === undefined) return undefined;
  try {
    for (let port = first; port < first + ports - 1; port += 1) {
      const free = bound(port);
      if (free === undefined) return release(sign);
      closeDescriptor(free);
    }
  } catch (error) {
    release(sign);
    throw error;
  }
  return { first, release: () => release(sign) };
}

function release(sign: number): undefined {
  closeDescriptor(sign);
  return undefined;
}

/** A socket that has the port alone. Without SO_REUSEADDR it is ours only where nobody is bound to it, be it for a connection that has ended (TIME_WAIT). */
function bound(port: number): number | undefined {
  const fd = openSocket(AF_INET, SOCK_STREAM, 0);
  try {
    bindSocket(fd, socketAddress("0.0.0.0", port));
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    if ((error as { code?: string }).code === "EADDRINUSE") return undefined;
    throw error;
  }
}
