import type { Socket } from "node:net";
import { descriptorOf } from "./descriptor.ts";
import {
  IPPROTO_TCP,
  SOL_SOCKET,
  SO_KEEPALIVE,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
  setOption,
} from "./libc.ts";

/** A connection on which so little is said that a silent end may be asked whether it is still there (RFC 1122 section 4.2.3.6). */
const TALK = { idleS: 10, everyS: 5, probes: 2, unansweredMs: 20_000 } as const;
/**
 * One that carries somebody's data: it may rest for long, and each question also keeps the NATs' mappings. Where one side has ended, Linux
 * keeps them for 60 s (nf_conntrack_tcp_timeout_close_wait).
 */
const DATA = { idleS: 25, everyS: 15, probes: 5 } as const;

/**
 * Has the kernel end a connection with ETIMEDOUT 20 s after the last sign of the other end, said something or not: a machine that lost its
 * link or its power sends no FIN. A program that is merely stopped is still there: its kernel answers.
 */
export function missSoon(stream: Socket): void {
  const fd = descriptorOf(stream);
  if (fd === undefined) return;
  ask(fd, TALK);
  setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, TALK.unansweredMs); // what was said and not acknowledged is asked for instead of probes
}

/** The same after two minutes; what was sent is still repeated as long as the kernel does so, and a reader may pause for as long as it likes. */
export function miss(stream: Socket): void {
  const fd = descriptorOf(stream);
  if (fd !== undefined) ask(fd, DATA);
}

function ask(fd: number, times: { readonly idleS: number; readonly everyS: number; readonly probes: number }): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, times.idleS);
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, times.everyS);
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, times.probes);
}
