import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completeModel, type NatModel, type PartialModel } from "../../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { PROTOCOL } from "../../../wire/ipv4.ts";
import { AgentProgram } from "../../kit/agent-program.ts";
import { until } from "../../kit/until.ts";
import { PLACE } from "./models.ts";
import { Namespace } from "./namespace.ts";
import { PacketHost } from "./packets.ts";

export const INSIDE = "10.1.0.2";
export const SECOND_INSIDE = "10.1.0.3";
export const NAT = PLACE.outsideAddress;
export const PEER = "198.51.100.2";
export const STRANGER = "198.51.100.3";

const AGENTS = join(import.meta.dirname, "../../../agents");
const [ROUTER, STANDALONE] = [join(AGENTS, "router.ts"), join(AGENTS, "standalone.ts")];

/** INSIDE and SECOND_INSIDE on one host, the NAT with its agent, PEER and STRANGER on another host. */
export class Laboratory implements AsyncDisposable {
  readonly box: Namespace;
  readonly insideSpace: Namespace;
  readonly outsideSpace: Namespace;
  readonly agent: AgentProgram;
  readonly #stack = new AsyncDisposableStack();

  private constructor(box: Namespace, insideSpace: Namespace, outsideSpace: Namespace, agent: AgentProgram) {
    this.box = box;
    this.insideSpace = insideSpace;
    this.outsideSpace = outsideSpace;
    for (const space of [box, insideSpace, outsideSpace]) this.#stack.use(space);
    this.agent = this.#stack.use(agent);
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
    return new Laboratory(box, inside, outside, await AgentProgram.start(box.netPath, ROUTER));
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
    const node = this.box.script(STANDALONE, [], {
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

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill();
  await gone;
}
