import type { Socket } from "node:net";
import { descriptorOf } from "./descriptor.ts";
import { IPPROTO_TCP, TCP_INFO, getOption } from "./libc.ts";

/** What a connection's two ends agreed on when it was opened, and what the kernel takes for granted since. */
export interface TcpInfo {
  /** RFC 7323 section 3. */
  readonly timestamps: boolean;
  /** RFC 2018. */
  readonly selectiveAcks: boolean;
  /** RFC 7323 section 2: shifts of the windows that the peer and that this host announce; absent: not scaled. */
  readonly windowShifts?: { readonly peers: number; readonly own: number };
  /** Payload of the largest segments that this host sends. */
  readonly sendMss: number;
  /** What the kernel would announce to peers on this route. */
  readonly advertisedMss: number;
  readonly pathMtu: number;
}

/** struct tcp_info (linux/tcp.h): where its fields are, and the bits of tcpi_options. */
const OFFSET = { options: 5, windowShifts: 6, sendMss: 16, pathMtu: 60, advertisedMss: 84 } as const;
const LENGTH = 104;
const OPTION = { timestamps: 1, selectiveAcks: 2, windowScale: 4 } as const;

/** Reads getsockopt(TCP_INFO) of a connected stream; undefined where the stream is closed. */
export function tcpInfoOf(stream: Socket): TcpInfo | undefined {
  const fd = descriptorOf(stream);
  if (fd === undefined) return undefined;
  const bytes = getOption(fd, IPPROTO_TCP, TCP_INFO, LENGTH);
  const view = new DataView(bytes.buffer);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const has = (option: number): boolean => (view.getUint8(OFFSET.options) & option) !== 0;
  const shifts = view.getUint8(OFFSET.windowShifts);
  return {
    timestamps: has(OPTION.timestamps),
    selectiveAcks: has(OPTION.selectiveAcks),
    // bit fields begin at the low end on little-endian machines
    ...(has(OPTION.windowScale) && { windowShifts: { peers: shifts & 0xf, own: shifts >> 4 } }),
    sendMss: u32(OFFSET.sendMss),
    advertisedMss: u32(OFFSET.advertisedMss),
    pathMtu: u32(OFFSET.pathMtu),
  };
}
