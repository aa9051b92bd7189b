import type { Socket } from "node:net";
import { descriptorOf } from "./descriptor.ts";
import { IPPROTO_TCP, SOL_SOCKET, SO_LINGER, TCP_INFO, getOption, setOption } from "./libc.ts";
import { LINGER_NOT } from "./tcp-socket.ts";

/** struct linger: off. */
const AS_EVER = new Uint8Array(LINGER_NOT.length);
/** enum in linux/tcp_states.h, the first byte of struct tcp_info. */
const TCP_CLOSE = 7;

/**
 * Has the kernel end a connection by RST when this process is killed: its FIN would make what was cut off look whole. Once both sides
 * have said all, the connection closes as ever.
 */
export function breakWithProcess(stream: Socket): void {
  linger(stream, LINGER_NOT);
  const calm = (): void => {
    if (stream.readableEnded && stream.writableFinished) linger(stream, AS_EVER);
  };
  stream.once("end", calm).once("finish", calm);
}

function linger(stream: Socket, value: Uint8Array): void {
  const fd = descriptorOf(stream);
  if (fd !== undefined) setOption(fd, SOL_SOCKET, SO_LINGER, value);
}

/** Whether a connection is no more, though nobody may have read from it since. */
export function isGone(stream: Socket): boolean {
  const fd = descriptorOf(stream);
  return fd === undefined || getOption(fd, IPPROTO_TCP, TCP_INFO, 1)[0] === TCP_CLOSE;
}
