import type { Operations } from "../wire/control.ts";
import { RawSocket } from "./net/raw-socket.ts";

let socket: RawSocket | undefined;

/** Sends whole datagrams in order, whatever addresses they carry; `to` is where they are routed. */
export function sendDatagrams({ datagrams }: Operations["send-raw"]["parameters"]): Record<never, never> {
  socket ??= new RawSocket();
  for (const { to, bytes } of datagrams) socket.send(Buffer.from(bytes, "base64"), to);
  return {};
}
