import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { renderRuleset, type GatewayPlace } from "../../../orchestrator/nat/ruleset.ts";
import { Namespace } from "./namespace.ts";

export type Model = Parameters<typeof completeModel>[0];

/** Inside addresses, the last behind another prefix as a second subscriber of a carrier is. */
export const INSIDE = { a: "10.1.0.2", a2: "10.1.0.3", second: "10.1.0.4" } as const;
const PEERS = ["198.51.100.2", "198.51.100.3"] as const;
const NOBODY = "198.51.100.9";
const PORTS = [7, 8] as const;
const PLACE: GatewayPlace = { outside: "out", lan: "10.1.0.0/24", outsideAddress: "198.51.100.1" };
export const OUTSIDE = PLACE.outsideAddress;

/** What waits for an answer that has nothing to come through: an answer of the namespaces next door is there in a millisecond. */
const SILENCE_MS = 300;
/** Beyond the first retransmission of a SYN. */
const PATIENT_MS = 8_000;

export interface From {
  readonly ip?: string;
  readonly port?: number;
}
export interface To {
  readonly peer?: 0 | 1 | "nobody";
  readonly port?: 0 | 1;
}

interface Result {
  readonly seen?: string;
  readonly error?: string;
}

/** Inside hosts, a NAT and outside peers, each in a network namespace of its own; the NAT's model changes, the rest stays. */
export class NatBench implements AsyncDisposable {
  readonly #spaces: readonly Namespace[];
  readonly #box: Namespace;
  readonly #inside: SocketAgent;
  readonly #outside: SocketAgent;

  private constructor(spaces: readonly [Namespace, Namespace, Namespace]) {
    const [inside, box, outside] = spaces;
    this.#spaces = spaces;
    this.#box = box;
    this.#inside = new SocketAgent(inside);
    this.#outside = new SocketAgent(outside);
  }

  static async open(): Promise<NatBench> {
    const spaces = [await Namespace.open(), await Namespace.open(), await Namespace.open()] as const;
    const [inside, box, outside] = spaces;
    box.sh(`ip link add in type veth peer name lan netns ${inside.pid}
      ip link add out type veth peer name wan netns ${outside.pid}
      ip addr add 10.1.0.1/24 dev in; ip addr add ${OUTSIDE}/24 dev out; ip link set in up; ip link set out up
      echo 1 > /proc/sys/net/ipv4/ip_forward
      for name in all default in out; do echo 0 > /proc/sys/net/ipv4/conf/$name/send_redirects; done`);
    inside.sh(`ip link set lo up; ip link set lan up;
      ${Object.values(INSIDE)
        .map((ip) => `ip addr add ${ip}/24 dev lan`)
        .join("; ")}
      ip route add default via 10.1.0.1`);
    outside.sh(
      `ip link set lo up; ip link set wan up; ${PEERS.map((ip) => `ip addr add ${ip}/24 dev wan`).join("; ")}`,
    );
    return new NatBench([...spaces]);
  }

  /** A NAT of this model that has forgotten everything, and peers that listen. */
  async become(model: Model): Promise<void> {
    await this.silence();
    const { iptables, nft, sysctls } = renderRuleset({ kind: "nat", name: "test", model: completeModel(model) }, PLACE);
    this.#box.sh("iptables-nft-restore", iptables);
    this.#box.sh("nft -f -", nft);
    const settings = Object.entries(sysctls);
    this.#box.sh(settings.map(([name, value]) => `echo ${value} > /proc/sys/${name.replaceAll(".", "/")}`).join("\n"));
    for (const port of PORTS) await this.#outside.ask({ do: "listen", ip: "0.0.0.0", port });
  }

  /** Ends every connection and makes conntrack forget it. */
  async silence(): Promise<void> {
    await Promise.all([this.#inside.ask({ do: "reset" }), this.#outside.ask({ do: "reset" })]);
    this.#box.sh("conntrack -F 2>/dev/null || :");
  }

  /** The outside ports of connections from inside endpoints to peers, opened one after the other; an error's code where none came about. */
  async dial(
    tries: readonly { from: From; to?: To }[],
    { brief = false, withinMs = PATIENT_MS } = {},
  ): Promise<(number | string)[]> {
    const targets = tries.map(({ from, to }) => ({
      from: from.ip ?? INSIDE.a,
      localPort: from.port,
      to: to?.peer === "nobody" ? NOBODY : PEERS[to?.peer ?? 0],
      port: PORTS[to?.port ?? 0],
      withinMs,
      brief,
    }));
    const results = (await this.#inside.ask({ do: "connect", targets })) as Result[];
    return results.map(({ seen, error }) => (seen === undefined ? error! : Number(seen.split(":")[1])));
  }

  /** What becomes of a stranger's SYN to an outside port of the NAT; ECONNREFUSED: it came in and the inside host refused it. */
  async knock(port: number, { peer, localPort }: { peer: 0 | 1; localPort: number }): Promise<string> {
    const target = { from: PEERS[peer], localPort, to: OUTSIDE, port, withinMs: SILENCE_MS };
    const [result] = (await this.#outside.ask({ do: "connect", targets: [target] })) as Result[];
    return result!.seen ?? result!.error!;
  }

  /** From inside to an outside port of the NAT itself: the endpoint that an inside listener saw, or an error's code. */
  async turn(from: From, port: number): Promise<string> {
    const target = { from: from.ip ?? INSIDE.a, localPort: from.port, to: OUTSIDE, port, withinMs: SILENCE_MS };
    const [result] = (await this.#inside.ask({ do: "connect", targets: [target] })) as Result[];
    return result!.seen ?? result!.error!;
  }

  /** Two inside hosts open connections to each other's outside port at once; each says what it sees, and hears what the other sees. */
  async punch(...pair: readonly { from: From; port: number }[]): Promise<string[]> {
    const targets = pair.map(({ from, port }) => ({
      from: from.ip ?? INSIDE.a,
      localPort: from.port,
      to: OUTSIDE,
      port,
      withinMs: PATIENT_MS,
      tells: true,
    }));
    const results = (await this.#inside.ask({ do: "connect", targets, together: true })) as Result[];
    return results.map(({ seen, error }) => seen ?? error!);
  }

  async listenInside(ip: string, port: number): Promise<void> {
    await this.#inside.ask({ do: "listen", ip, port });
  }

  /** Sends data on the connections of an inside port. */
  async say(localPort: number): Promise<void> {
    await this.#inside.ask({ do: "say", localPort });
  }

  /** Closes the connections of an inside port as programs do, and waits until both ends have. */
  async end(localPort: number): Promise<void> {
    await this.#inside.ask({ do: "end", localPort });
  }

  /** For how many seconds more the NAT's table holds the mapping of an inside port of host A. */
  remembersS(port: number): number {
    const listed = this.#box.sh("nft list map ip natbed mappings");
    const left = new RegExp(`${INSIDE.a} \\. ${port} [^,]*expires ([0-9dhms]+)`).exec(listed)?.[1];
    if (!left) throw new Error(`no mapping of port ${port}:\n${listed}`);
    const seconds = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };
    return [...left.matchAll(/(\d+)(ms|[dhms])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * seconds[unit as keyof typeof seconds],
      0,
    );
  }

  /** Makes a NAT that lists its ports forget every mapping but those of these outside ports, as if the others had expired. */
  forgetBut(ports: readonly number[]): void {
    const numbers = new Map(
      [...this.#box.sh("nft list map ip natbed port_by_number").matchAll(/(0x[0-9a-f]+) : (\d+)/g)].map(
        ([, number, port]) => [number!, Number(port)],
      ),
    );
    const kept = [...this.#box.sh("nft list map ip natbed mappings").matchAll(/([\d.]+ \. \d+)[^:]*: (0x[0-9a-f]+)/g)]
      .map(([, key, number]) => ({ key: key!, number: number! }))
      .filter(({ number }) => ports.includes(numbers.get(number) ?? 0));
    this.#box.sh(
      "nft -f -",
      [
        "flush map ip natbed mappings",
        "flush set ip natbed busy",
        ...kept.map(({ key, number }) => `add element ip natbed mappings { ${key} timeout 1m : ${number} }`),
        ...kept.map(({ number }) => `add element ip natbed busy { ${number} timeout 1m }`),
        "",
      ].join("\n"),
    );
    this.#box.sh("conntrack -F 2>/dev/null || :");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#inside.end(), this.#outside.end()]);
    await Promise.all(this.#spaces.map((space) => space[Symbol.asyncDispose]()));
  }
}

class SocketAgent {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(space: Namespace) {
    this.#process = space.script(new URL("socket-agent.ts", import.meta.url).pathname);
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask(command: object): Promise<unknown> {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the agent ended instead of answering ${JSON.stringify(command)}`);
    return JSON.parse(value) as unknown;
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin!.end();
    await gone;
  }
}
