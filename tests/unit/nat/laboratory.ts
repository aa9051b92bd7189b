import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { completeModel, type NatModel, type PartialModel } from "../../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { ipv4, port } from "../../../wire/address.ts";
import type { Operation, Operations, Reply } from "../../../wire/control.ts";
import { decodeIcmp, encodeIcmpError, type IcmpError } from "../../../wire/icmp.ts";
import { decodeIpv4, encodeIpv4, PROTOCOL, type Ipv4Option, type Ipv4Packet } from "../../../wire/ipv4.ts";
import { decodeTcp, encodeTcp, TCP_FLAG, type TcpFields, type TcpSegment } from "../../../wire/tcp.ts";
import { until } from "../../kit/until.ts";
import { PLACE } from "./models.ts";
import { Namespace } from "./namespace.ts";

export const INSIDE = "10.1.0.2";
export const SECOND_INSIDE = "10.1.0.3";
export const NAT = PLACE.outsideAddress;
export const PEER = "198.51.100.2";
export const STRANGER = "198.51.100.3";

/** A packet that a host saw. */
export interface Seen {
  readonly direction: "in" | "out";
  readonly ip: Ipv4Packet;
  readonly bytes: Uint8Array;
  readonly tcp?: TcpSegment;
  readonly icmp?: IcmpError;
}

export interface Segment {
  readonly from: readonly [string, number];
  readonly to: readonly [string, number];
  /** Names of control bits, e.g. `syn ack`. */
  readonly flags: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly ttl?: number;
  readonly ipOptions?: readonly Ipv4Option[];
  readonly options?: TcpFields["options"];
  readonly payload?: Uint8Array;
  /** Whom the checksum names, where it is not whom the packet is sent to. */
  readonly finally?: string;
}

/** A TCP segment as an IP packet. */
function segmentBytes(segment: Segment): Uint8Array {
  const { from, to, flags, seq = 1000, ack = 0, ttl = 64, ipOptions = [] } = segment;
  const [src, dst] = [ipv4(from[0]), ipv4(to[0])];
  const payload = encodeTcp(
    {
      srcPort: port(from[1]),
      dstPort: port(to[1]),
      seq,
      ack,
      flags: flags.split(" ").reduce((sum, name) => sum + TCP_FLAG[name as keyof typeof TCP_FLAG], 0),
      window: 64_240,
      options: segment.options ?? [],
      payload: segment.payload ?? new Uint8Array(0),
    },
    { src, dst: segment.finally === undefined ? dst : ipv4(segment.finally) },
  );
  return encodeIpv4({ src, dst, ttl, id: 7, protocol: PROTOCOL.tcp, options: ipOptions, payload });
}

/** A router's time-exceeded about `packet`, to its sender, as an IP packet. */
export function timeExceededBytes(from: string, packet: Uint8Array): Uint8Array {
  const original = decodeIpv4(packet);
  if (!original.ok) throw new Error(original.error);
  const payload = encodeIcmpError({ kind: "time-exceeded", code: 0, quoted: packet });
  return encodeIpv4({ src: ipv4(from), dst: original.value.src, ttl: 64, id: 8, protocol: PROTOCOL.icmp, payload });
}

/** A host that has addresses but no TCP: what is sent and what arrives is only what a test says and the NAT does. */
export class PacketHost implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly seen: Seen[] = [];

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(namespace: Namespace): Promise<PacketHost> {
    namespace.sh("iptables-nft -A INPUT -p tcp -j DROP");
    const process = program(namespace, join(import.meta.dirname, "packet-host.ts"));
    const host = new PacketHost(process);
    const lines = createInterface({ input: process.stdout! });
    await once(lines, "line");
    lines.on("line", (line) => host.#heard(line));
    return host;
  }

  send(packet: Segment | Uint8Array): void {
    const bytes = packet instanceof Uint8Array ? packet : segmentBytes(packet);
    this.#process.stdin!.write(`${Buffer.from(bytes).toString("hex")}\n`);
  }

  /** The first packet to arrive, now or within so long, that `matches`; undefined: none did. */
  async arrival(matches: (packet: Seen) => boolean, withinMs = 3000): Promise<Seen | undefined> {
    for (const deadline = performance.now() + withinMs; ; await sleep(5)) {
      const found = this.seen.find((packet) => packet.direction === "in" && matches(packet));
      if (found || performance.now() > deadline) return found;
    }
  }

  #heard(line: string): void {
    const [direction, hex] = line.split(" ") as ["in" | "out", string];
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    const ip = decodeIpv4(bytes);
    if (!ip.ok) return;
    const tcp = ip.value.protocol === PROTOCOL.tcp ? decodeTcp(ip.value.payload) : undefined;
    const icmp = ip.value.protocol === PROTOCOL.icmp ? decodeIcmp(ip.value.payload) : undefined;
    this.seen.push({
      direction,
      bytes,
      ip: ip.value,
      ...(tcp?.ok ? { tcp: tcp.value } : {}),
      ...(icmp?.ok && icmp.value.kind !== "other" ? { icmp: icmp.value } : {}),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#process);
  }
}

/** The agent that runs in a NAT's container, here in a namespace. */
export class NatAgent implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #id = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    createInterface({ input: process.stdout! }).on("line", (line) => {
      const reply = JSON.parse(line) as Reply;
      this.#pending.get(reply.id)?.(reply);
    });
  }

  static start(namespace: Namespace): NatAgent {
    return new NatAgent(program(namespace, join(import.meta.dirname, "../../../agents/router.ts")));
  }

  async call<Op extends Operation>(
    op: Op,
    parameters: Operations[Op]["parameters"],
  ): Promise<Operations[Op]["result"]> {
    const id = ++this.#id;
    const answer = new Promise<Reply>((resolve) => this.#pending.set(id, resolve));
    this.#process.stdin!.write(`${JSON.stringify({ id, op, parameters })}\n`);
    const reply = await answer;
    if (!reply.ok) throw new Error(reply.error);
    return reply.result as Operations[Op]["result"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#process);
  }
}

/** INSIDE and SECOND_INSIDE on one host, the NAT with its agent, PEER and STRANGER on another host. */
export class Laboratory implements AsyncDisposable {
  readonly box: Namespace;
  readonly insideSpace: Namespace;
  readonly outsideSpace: Namespace;
  readonly agent: NatAgent;
  readonly #stack = new AsyncDisposableStack();

  private constructor(box: Namespace, insideSpace: Namespace, outsideSpace: Namespace) {
    this.box = box;
    this.insideSpace = insideSpace;
    this.outsideSpace = outsideSpace;
    for (const space of [box, insideSpace, outsideSpace]) this.#stack.use(space);
    this.agent = this.#stack.use(NatAgent.start(box));
  }

  static async open(): Promise<Laboratory> {
    const [inside, box, outside] = await Promise.all([Namespace.open(), Namespace.open(), Namespace.open()]);
    box.sh(`echo 1 > /proc/sys/net/ipv4/conf/default/accept_source_route
      ip link add in type veth peer name lan netns ${inside.pid}; ip link add out type veth peer name wan netns ${outside.pid}
      ip addr add 10.1.0.1/24 dev in; ip addr add ${NAT}/24 dev out; ip link set in up; ip link set out up
      ip route add default via ${PEER}
      echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit`);
    inside.sh(
      `ip addr add ${INSIDE}/24 dev lan; ip addr add ${SECOND_INSIDE}/24 dev lan; ip link set lan up; ip route add default via 10.1.0.1`,
    );
    outside.sh(`ip addr add ${PEER}/24 dev wan; ip addr add ${STRANGER}/24 dev wan; ip link set wan up`);
    return new Laboratory(box, inside, outside);
  }

  /** Puts hosts without TCP on both sides. */
  async packetHosts(): Promise<{ inside: PacketHost; outside: PacketHost }> {
    const [inside, outside] = await Promise.all([
      PacketHost.start(this.insideSpace),
      PacketHost.start(this.outsideSpace),
    ]);
    return { inside: this.#stack.use(inside), outside: this.#stack.use(outside) };
  }

  /** Makes the box a NAT that keeps ports and drops what nobody asked for, but for what is said otherwise. */
  async load(model: PartialModel = {}): Promise<string> {
    const ports = model.ports ?? { kind: "preserve" };
    const gateway = { kind: "nat", name: "test", model: completeModel({ ...model, ports }) } as const;
    return (await this.agent.call("gateway-load", renderRuleset(gateway, PLACE))).readBack;
  }

  /** Makes the box the same as `load` does, as a node of a compose file that configures itself. */
  async standAlone(model: PartialModel & Pick<NatModel, "ports">): Promise<void> {
    const rules = renderRuleset({ kind: "nat", name: "test", model: completeModel(model) }, PLACE);
    const script = `iptables-nft-restore <<'END'\n${rules.iptables}END\nnft -f - <<'END'\n${rules.nft}END\n`;
    const folder = this.#stack.adopt(mkdtempSync(join(tmpdir(), "natbed-standalone-")), (path) =>
      rmSync(path, { recursive: true }),
    );
    writeFileSync(join(folder, "na.sh"), script);
    const node = program(this.box, join(import.meta.dirname, "../../../agents/standalone.ts"), {
      NATBED_NODE: "na",
      NATBED_INTERFACES: "lo", // looked for in /sys, which shows the machine's own here
      NATBED_SCRIPT: join(folder, "na.sh"),
      NATBED_DUTIES: JSON.stringify(rules.duties),
    });
    this.#stack.defer(() => killed(node));
    await until("the NAT's rules are loaded", () => this.box.sh("iptables-nft-save").includes("NFQUEUE") || undefined, {
      withinMs: 10_000,
    });
  }

  /** TCP states of the box's connections. */
  async states(): Promise<string[]> {
    const { records } = await this.agent.call("conntrack-dump", {});
    return records.filter(({ protocol }) => protocol === PROTOCOL.tcp).map(({ state }) => state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function program(namespace: Namespace, file: string, settings: Readonly<Record<string, string>> = {}): ChildProcess {
  const command = [`--net=/proc/${namespace.pid}/ns/net`, process.execPath, file];
  return spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...settings } });
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.stdin?.end();
  await gone;
}
