import { readFileSync } from "node:fs";
import type { HostCapability } from "../wire/traits.ts";
import { nft } from "./net/nftables.ts";
import { RawSocket } from "./net/raw-socket.ts";

/** What this process may do, found out by trying. */
export function heldCapabilities(): readonly HostCapability[] {
  return [
    ...(succeeds(() => new RawSocket().close()) ? (["raw"] as const) : []),
    // asked only where it can be had: libnftables complains on standard error by itself
    ...(hasNetAdmin() && succeeds(() => nft("list tables\n")) ? (["admin"] as const) : []),
  ];
}

/** CAP_NET_ADMIN is bit 12 of the effective set (capabilities(7), proc_pid_status(5)). */
function hasNetAdmin(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> 12n) & 1n) === 1n;
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
