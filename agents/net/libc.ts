import koffi from "koffi";

const libc = koffi.load("libc.so.6");

const functions = {
  socket: libc.func("int socket(int domain, int type, int protocol)"),
  setsockopt: libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)"),
  getsockopt: libc.func("int getsockopt(int fd, int level, int name, void *value, _Inout_ uint32_t *length)"),
  connect: libc.func("int connect(int fd, const void *address, uint32_t length)"),
  bind: libc.func("int bind(int fd, const void *address, uint32_t length)"),
  sendto: libc.func(
    "intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32_t toLength)",
  ),
  recv: libc.func("intptr_t recv(int fd, void *data, size_t length, int flags)"),
  recvmmsg: libc.func("int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)"),
  close: libc.func("int close(int fd)"),
  read: libc.func("intptr_t read(int fd, void *data, size_t length)"),
  timerfd_create: libc.func("int timerfd_create(int clock, int flags)"),
  timerfd_settime: libc.func("int timerfd_settime(int fd, int flags, const void *value, void *old)"),
  clock_gettime: libc.func("int clock_gettime(int clock, void *time)"),
};

export const AF_INET = 2;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ATTACH_FILTER = 26;
export const SO_REUSEPORT = 15;
export const SO_LINGER = 13;
export const SO_KEEPALIVE = 9;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_RAW = 255;
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_OPTIONS = 4;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_INFO = 11;
export const TCP_USER_TIMEOUT = 18;
export const TCP_MAXSEG = 2;
export const TCP_REPAIR = 19;
export const TCP_REPAIR_QUEUE = 20;
export const TCP_QUEUE_SEQ = 21;
export const TCP_REPAIR_OPTIONS = 22;
export const TCP_TIMESTAMP = 24;
export const TCP_REPAIR_WINDOW = 29;
const MSG_DONTWAIT = 0x40;
const EAGAIN = koffi.os.errno["EAGAIN"];
const EINTR = koffi.os.errno["EINTR"];

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/** A failed system call: `code` is the errno's name (EPERM, EADDRINUSE …), as in Node's own errors. */
export class SystemCallError extends Error {
  readonly code: string;

  /** `lacking`: the capability for want of which the kernel says EPERM here. */
  constructor(call: string, errno: number, lacking?: string) {
    const code = errnoNames.get(errno) ?? `errno ${errno}`;
    super(code === "EPERM" && lacking !== undefined ? `${lacking} is missing (${call}: ${code})` : `${call}: ${code}`);
    this.name = "SystemCallError";
    this.code = code;
  }
}

function checked(call: string, result: number, lacking?: string): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno(), lacking);
  return result;
}

/** socket(2), always non-blocking and close-on-exec. */
export function openSocket(domain: number, type: number, protocol: number): number {
  const fd = functions.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol) as number;
  return checked("socket", fd, "CAP_NET_RAW"); // raw(7), packet(7); other sockets need nothing
}

export function setOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  const bytes = typeof value === "number" ? int32(value) : value;
  checked(`setsockopt ${level}/${name}`, functions.setsockopt(fd, level, name, bytes, bytes.length) as number);
}

/** getsockopt(2) into a fresh buffer of `length` bytes. */
export function getOption(fd: number, level: number, name: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  checked(`getsockopt ${level}/${name}`, functions.getsockopt(fd, level, name, bytes, [length]) as number);
  return bytes;
}

export function bindSocket(fd: number, address: Uint8Array): void {
  checked("bind", functions.bind(fd, address, address.length) as number);
}

/** connect(2), for a socket that does so at once. */
export function connectSocket(fd: number, address: Uint8Array): void {
  checked("connect", functions.connect(fd, address, address.length) as number);
}

/** sendto(2) of one datagram; returns false where the socket's buffer is full. */
export function sendTo(fd: number, data: Uint8Array, address: Uint8Array): boolean {
  const sent = functions.sendto(fd, data, data.length, MSG_DONTWAIT, address, address.length) as number;
  if (sent >= 0) return true;
  if (koffi.errno() === EAGAIN) return false;
  throw new SystemCallError("sendto", koffi.errno());
}

/** recv(2) of one datagram into `buffer`; undefined when there is none. */
export function receive(fd: number, buffer: Uint8Array): Uint8Array | undefined {
  const length = functions.recv(fd, buffer, buffer.length, MSG_DONTWAIT) as number;
  if (length >= 0) return buffer.subarray(0, length);
  const errno = koffi.errno();
  if (errno === EAGAIN || errno === EINTR) return undefined;
  throw new SystemCallError("recv", errno);
}

/**
 * recvmmsg(2); returns the number of filled messages, 0 when there is none. Between the call and our look at errno the runtime may make
 * calls of its own (seen: ENOENT, which recvmmsg does not know), so an error counts when it comes twice.
 */
export function receiveMany(fd: number, messages: bigint, count: number): number {
  for (let again = false; ; again = true) {
    const filled = functions.recvmmsg(fd, messages, count, MSG_DONTWAIT, null) as number;
    if (filled >= 0) return filled;
    const errno = koffi.errno();
    if (errno === EAGAIN || errno === EINTR) return 0;
    if (again) throw new SystemCallError("recvmmsg", errno);
  }
}

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const clockBytes = new Uint8Array(16); // struct timespec
const clockView = new DataView(clockBytes.buffer);

/** The clock of packet timestamps, in µs since the epoch. */
export function realtimeUs(): number {
  functions.clock_gettime(CLOCK_REALTIME, clockBytes);
  return clockView.getUint32(0, true) * 1e6 + clockView.getUint32(8, true) / 1e3;
}

/** timerfd_create(2): becomes readable when it runs out; disarmed at first. */
export function openTimer(): number {
  return checked("timerfd_create", functions.timerfd_create(CLOCK_MONOTONIC, SOCK_NONBLOCK | SOCK_CLOEXEC) as number);
}

/** Lets a timer run out once, `afterUs` from now (at least 1 ns: 0 would disarm it); an earlier setting is forgotten. */
export function setTimer(fd: number, afterUs: number): void {
  const bytes = new Uint8Array(32); // struct itimerspec: no interval, then the time
  const view = new DataView(bytes.buffer);
  const ns = Math.max(1, Math.round(afterUs * 1e3));
  view.setBigInt64(16, BigInt(Math.floor(ns / 1e9)), true);
  view.setBigInt64(24, BigInt(ns % 1e9), true);
  checked("timerfd_settime", functions.timerfd_settime(fd, 0, bytes, null) as number);
}

/** Takes note that a timer has run out, so that it is readable no more. */
export function clearTimer(fd: number): void {
  functions.read(fd, new Uint8Array(8), 8); // EAGAIN: it was set anew meanwhile
}

export function closeDescriptor(fd: number): void {
  functions.close(fd);
}

/** Native memory that outlives garbage collection: an address for the kernel and the same bytes for us. */
export interface NativeMemory {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

export function allocate(length: number): NativeMemory {
  const pointer = koffi.alloc("uint8_t", length) as unknown as bigint;
  return { address: koffi.address(pointer), bytes: new Uint8Array(koffi.view(pointer, length)) };
}

/** struct sockaddr_in. */
export function socketAddress(ip: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  ip.split(".").forEach((part, index) => view.setUint8(4 + index, Number(part)));
  return bytes;
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
