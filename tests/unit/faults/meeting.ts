import type { PartialModel } from "../../../orchestrator/nat/model.ts";
import type { AttemptParameters, AttemptResult } from "../../../wire/attempt.ts";
import { RENDEZVOUS_VERSION, type HostMessage, X_PORTS } from "../../../wire/rendezvous.ts";
import type { TechniqueSpec } from "../../../wire/technique.ts";
import { until } from "../../kit/until.ts";
import { Laboratory, PEER, STRANGER } from "../nat/laboratory.ts";
import { XProgram } from "../x/station.ts";
import { Visitors, type Visit } from "../x/visit.ts";
import { HostAgent } from "./host-agent.ts";

type Role = AttemptParameters["role"];

/** The outside port that the scripted peer says it has; nothing answers there. */
export const PEER_PORT = 40_000;
export const FIRST_LOCAL_PORT = 50_000;
const WINDOW = 64;

/** A real host behind a real NAT, a real X, and in the place of its peer whatever a test says. */
export class Meeting implements AsyncDisposable {
  readonly lab: Laboratory;
  readonly #stack = new AsyncDisposableStack();
  readonly #visitors: Visitors;
  host: HostAgent;
  x: XProgram;
  #attempts = 0;

  private constructor(lab: Laboratory, parts: { host: HostAgent; x: XProgram; visitors: Visitors }) {
    this.lab = this.#stack.use(lab);
    this.host = this.#stack.use(parts.host);
    this.x = this.#stack.use(parts.x);
    this.#visitors = this.#stack.use(parts.visitors);
  }

  static async open(model: PartialModel = {}): Promise<Meeting> {
    const lab = await Laboratory.open();
    await lab.load({ timeExceeded: "drop", ...model });
    lab.outsideSpace.sh(`ip link set lo up; iptables-nft -A INPUT -p tcp -d ${STRANGER} --dport ${PEER_PORT} -j DROP`);
    lab.box.sh("iptables-nft -A OUTPUT -p icmp --icmp-type time-exceeded -j DROP"); // of SYNs that end at the NAT itself
    const [host, x, visitors] = await Promise.all([
      HostAgent.start(lab.insideSpace),
      XProgram.start(lab.outsideSpace),
      Visitors.start(lab.outsideSpace, PEER),
    ]);
    return new Meeting(lab, { host, x, visitors });
  }

  /** Puts another host in the place of the one that there is. */
  async hostAs(...wrapper: readonly string[]): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.host = this.#stack.use(await HostAgent.start(this.lab.insideSpace, wrapper));
  }

  /** Ends X and starts another. */
  async xAs(...wrapper: readonly string[]): Promise<void> {
    await this.x[Symbol.asyncDispose]();
    this.x = this.#stack.use(await XProgram.start(this.lab.outsideSpace, wrapper));
  }

  /** Begins an attempt of the host; its session is the one that `peer` joins next. */
  attempt(technique: TechniqueSpec, more: Partial<AttemptParameters> = {}): Promise<AttemptResult> {
    this.#attempts += 1;
    this.host.logs.splice(0);
    return this.host.call("attempt", { ...this.parameters(technique), ...more });
  }

  parameters(technique: TechniqueSpec, role: Role = "a"): AttemptParameters {
    const localPort = FIRST_LOCAL_PORT + WINDOW * (this.#attempts % 150);
    const session = `session ${this.#attempts}`;
    return { role, technique, x: PEER, session, key: "k", localPort, deadlineMs: 30_000, seed: 7 };
  }

  /** The name of the session of the attempt that comes next. */
  get nextSession(): string {
    return `session ${this.#attempts + 1}`;
  }

  /** The peer comes to X. */
  peer(technique: TechniqueSpec, role: Role = "b", more: Partial<Extract<HostMessage, { t: "hello" }>> = {}): Visit {
    const visit = this.#visitors.visit(STRANGER);
    const { session, key } = this.parameters(technique);
    visit.say({ t: "hello", v: RENDEZVOUS_VERSION, session, key, role, technique: technique.name, ...more });
    return visit;
  }

  /** Resolves once X has dealt with all that was said before. */
  async xHasHeard(): Promise<void> {
    const later = this.#visitors.visit(PEER, X_PORTS.probes[0]);
    await later.isAnswered();
    later.leave();
  }

  /** The sockets and nft tables that are where the host is. */
  left(): string {
    return this.lab.insideSpace.sh("ss -Htanp exclude time-wait; nft list tables").trim();
  }

  /** Ends the attempt; then the host has open what it had before, and the kernel none of its sockets and rules. */
  async isClean(filesBefore: number): Promise<void> {
    await this.host.call("reset", {});
    const left = (): string => {
      const files = this.host.openFiles > filesBefore ? `${this.host.openFiles} open files, ${filesBefore} before` : "";
      return [this.left(), files].filter(Boolean).join("\n");
    };
    await until("nothing is left of the attempt", () => left() === "" || undefined, { withinMs: 5_000, seen: left });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
