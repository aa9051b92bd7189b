import type { Agent } from "../../orchestrator/world/agent.ts";
import { unpackPackets } from "../../wire/capture.ts";
import { decodeIcmp } from "../../wire/icmp.ts";
import { decodeIpv4, PROTOCOL } from "../../wire/ipv4.ts";
import { decodeTcp, type TcpSegment } from "../../wire/tcp.ts";
import { NODE } from "./world.ts";

const DIAL = `
const [ip, port] = process.argv.slice(1);
const end = (word) => { console.log(word); process.exit(); };
setTimeout(end, 400, "timeout");
require("node:net").connect(Number(port), ip).on("connect", () => end("connected")).on("error", ({ code }) => end(code));
`;

/** How a plain connect() from an agent's container ends: `connected`, `timeout` after 400 ms, or the error's code. */
export async function dial(agent: Agent, ip: string, port: number): Promise<string> {
  return (await agent.run([NODE, "-e", DIAL, ip, String(port)])).trim();
}

/** A packet that one interface saw, as far as it could be decoded. */
interface Seen {
  readonly iface: string;
  readonly direction: "in" | "out";
  readonly tcp?: TcpSegment;
  readonly icmp?: string;
}

/** What the container's interfaces saw since `capture-begin`. */
export async function packetsOf(agent: Agent): Promise<readonly Seen[]> {
  const { packets, interfaces } = await agent.call("capture-look", {});
  return unpackPackets(Buffer.from(packets, "base64")).map(({ iface, direction, bytes }) => {
    const place = { iface: interfaces[iface] ?? "?", direction };
    const packet = decodeIpv4(bytes);
    if (!packet.ok) return place;
    const { protocol, payload } = packet.value;
    const [tcp, icmp] = [decodeTcp(payload), decodeIcmp(payload)];
    if (protocol === PROTOCOL.tcp && tcp.ok) return { ...place, tcp: tcp.value };
    return protocol === PROTOCOL.icmp && icmp.ok ? { ...place, icmp: icmp.value.kind } : place;
  });
}

/** Segments from or to a TCP port since `capture-begin`, on all interfaces of the container. */
export async function seenAt(agent: Agent, port: number): Promise<number> {
  const packets = await packetsOf(agent);
  return packets.filter(({ tcp }) => tcp?.srcPort === port || tcp?.dstPort === port).length;
}
