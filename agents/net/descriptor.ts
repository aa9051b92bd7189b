import type { Socket } from "node:net";

/** Node has no public name for it; every stream over a socket has the handle while it is open (the source of node:net). */
export function descriptorOf(stream: Socket): number | undefined {
  const { _handle: handle } = stream as Socket & { readonly _handle?: { readonly fd: number } | null };
  return handle && handle.fd >= 0 ? handle.fd : undefined;
}
