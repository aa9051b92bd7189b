import { ipv4ToU32, u32ToIpv4, type Ipv4 } from "./address.ts";

/**
 * What R's rules (orchestrator/plan/core.ts) and R's agent (agents/core) must agree on. Queue `crossing` holds, in one
 * first-in-first-out line, what takes the hop through user space; queue `expiring` gets what dies at a router between R and a NAT.
 */
export const CORE_QUEUES = { crossing: 0, expiring: 1 } as const;

/** R's link to X. */
export const X_LINK = "wan-x";

/**
 * Address of the `nth` router between a NAT and R, counted from the NAT (1 is next to it), in the prefix of R's own address on that
 * link: 192.0.2.11, 192.0.2.12 … for 192.0.2.1.
 */
export function hopAddress(ofR: Ipv4, nth: number): Ipv4 {
  return u32ToIpv4(ipv4ToU32(ofR) - (ipv4ToU32(ofR) % 256) + 10 + nth);
}
