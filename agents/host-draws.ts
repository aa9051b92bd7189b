import { readFileSync } from "node:fs";
import type { AttemptParameters } from "../wire/attempt.ts";
import type { SynReport } from "../wire/rendezvous.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import { LINUX_WINDOW } from "../wire/tcp.ts";
import { SWEEP_PORTS, type HostAction } from "./technique/machine.ts";

/**
 * Ports of floods and birthdays lie below every attempt's window. Where the kernel chooses from its default range (ip_local_port_range, from
 * 32768 on), another program may have some of them: a socket of a birthday fails there, alone.
 */
export const FLOOD_PORTS = { from: 10_240, to: 49_999 } as const;

/** Every port that a NAT may translate: it leaves the well-known ones alone (RFC 4787 section 4.2.1), and a raw SYN takes none from the kernel. */
export const NAT_PORTS = { from: SWEEP_PORTS.from, to: SWEEP_PORTS.from + SWEEP_PORTS.count - 1 } as const;

export type Drawn = Pick<AttemptParameters, "seed" | "role">;

/** Distinct ports at random: of this host, or of a NAT. */
export function drawPorts(
  { of, count }: Extract<HostAction, { kind: "draw-ports" }>,
  { seed, role }: Drawn,
): readonly number[] {
  return seededPorts(`${seed}/${role}/ports`, count, of === "this-host" ? FLOOD_PORTS : NAT_PORTS);
}

/** What a SYN of this host would say that its kernel has not sent. */
export function drawNumbers({ seed, role }: Drawn): SynReport {
  const bytes = seededBytes(`${seed}/${role}/numbers`, 8);
  const [isn, tsval] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
  return { isn, window: LINUX_WINDOW, mss: 1460, windowScale: kernelsWindowScale(), sackPermitted: true, tsval };
}

/** 2^15 is the largest half of what an unscaled window can say. */
const UNSCALED_BITS = 15;
const MOST_SHIFT = 14;

/** What this host's kernel would say in a SYN: as large as its receive buffers may become (tcp_select_initial_window()). */
function kernelsWindowScale(): number {
  const most = Number(readFileSync("/proc/sys/net/ipv4/tcp_rmem", "utf8").trim().split(/\s+/)[2]);
  return Math.min(MOST_SHIFT, Math.max(0, Math.floor(Math.log2(most)) - UNSCALED_BITS));
}
