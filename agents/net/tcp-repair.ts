import {
  TCP_MAXSEG,
  TCP_QUEUE_SEQ,
  TCP_REPAIR,
  TCP_REPAIR_OPTIONS,
  TCP_REPAIR_QUEUE,
  TCP_REPAIR_WINDOW,
  TCP_TIMESTAMP,
  IPPROTO_TCP,
  connectSocket,
  setOption,
  socketAddress,
} from "./libc.ts";

/** What a side's SYN has said, or would have. `mss` … `tsval` are absent where the option is. */
export interface Numbers {
  readonly isn: number;
  readonly window: number;
  readonly mss?: number;
  readonly windowScale?: number;
  readonly sackPermitted: boolean;
  readonly tsval?: number;
}

/** A connection that is to be taken for established. */
export interface Established {
  readonly ip: string;
  readonly port: number;
  readonly own: Numbers;
  readonly peer: Numbers;
  /** Whether the socket sends an empty ACK at once, as after a restored connection (tcp_send_window_probe()). */
  readonly announce: boolean;
}

const [RECEIVE_QUEUE, SEND_QUEUE] = [1, 2];
const ON = 1;
const OFF = 0;
const OFF_WITHOUT_PROBE = -1;
/** An aligned timestamp option (RFC 7323 appendix A). */
const TIMESTAMP_BYTES = 12;
/** Kinds of TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018). */
const OPTION = { mss: 2, windowScale: 3, sackPermitted: 4, timestamps: 8 } as const;

/**
 * Makes a bound socket ESTABLISHED without a handshake (TCP_REPAIR, made for restoring checkpoints: net/ipv4/tcp.c do_tcp_setsockopt(),
 * tcp_connect()): sequence numbers of both queues, the options that both sides know, the peer's window. Needs CAP_NET_ADMIN, else
 * EPERM. The result is a socket like any other.
 */
export function establish(fd: number, { ip, port, own, peer, announce }: Established): void {
  const next = (isn: number): number => (isn + 1) >>> 0;
  setOption(fd, IPPROTO_TCP, TCP_REPAIR, ON);
  setOption(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, RECEIVE_QUEUE);
  setOption(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, next(peer.isn));
  setOption(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE);
  setOption(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, next(own.isn));
  // a handshake with timestamps takes their octets off what it was said (tcp_rcv_synsent_state_process()), a repair does not
  if (own.mss !== undefined && own.tsval !== undefined && peer.tsval !== undefined)
    setOption(fd, IPPROTO_TCP, TCP_MAXSEG, own.mss - TIMESTAMP_BYTES);
  connectSocket(fd, socketAddress(ip, port));
  const options = optionsOf(own, peer);
  if (options.length > 0) setOption(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, words(options));
  if (own.tsval !== undefined) setOption(fd, IPPROTO_TCP, TCP_TIMESTAMP, own.tsval); // where the own clock goes on from
  // struct tcp_repair_window: snd_wl1, snd_wnd, max_window, rcv_wnd, rcv_wup; a SYN's window is not scaled
  const window = [next(peer.isn), peer.window, peer.window, own.window, next(peer.isn)];
  setOption(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, words(window));
  setOption(fd, IPPROTO_TCP, TCP_REPAIR, announce ? OFF : OFF_WITHOUT_PROBE);
}

/** struct tcp_repair_opt: kind and value; only what both SYNs carried counts, as in a handshake. */
function optionsOf(own: Numbers, peer: Numbers): number[] {
  const options: number[] = [];
  if (peer.mss !== undefined) options.push(OPTION.mss, peer.mss);
  if (own.windowScale !== undefined && peer.windowScale !== undefined)
    options.push(OPTION.windowScale, peer.windowScale | (own.windowScale << 16));
  if (own.sackPermitted && peer.sackPermitted) options.push(OPTION.sackPermitted, 0);
  if (own.tsval !== undefined && peer.tsval !== undefined) options.push(OPTION.timestamps, 0);
  return options;
}

function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
