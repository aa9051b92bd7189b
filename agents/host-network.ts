import type { Socket } from "node:net";
import { formatEndpoint, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { Searched, TraversalParameters } from "../wire/attempt.ts";
import { X_PORTS, type HostMessage } from "../wire/rendezvous.ts";
import type { TcpSegment } from "../wire/tcp.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { Endings } from "./endings.ts";
import { watchSyn } from "./host-packets.ts";
import { HostSegments } from "./host-segments.ts";
import { Rendezvous, type RendezvousListener } from "./host-rendezvous.ts";
import type { Greeting } from "./greeting.ts";
import { drawNumbers, drawPorts } from "./host-draws.ts";
import { HostSearch } from "./host-search.ts";
import { HostSockets, connectFailureOf, failureOf } from "./host-sockets.ts";
import { claimWindow } from "./local-ports.ts";
import { muteResets } from "./mute.ts";
import { tcpInfoOf } from "./net/tcp-info.ts";
import { TcpSocket, type TcpOptions } from "./net/tcp-socket.ts";
import { predictNext, testPrediction } from "./probe/prediction.ts";
import { measureTtl } from "./probe/ttl.ts";
import { reportOf } from "./syn-report.ts";
import type { HostAction, HostEvent, SocketName } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** Offsets into the attempt's window of local ports. */
const WINDOW = { tests: [0, 4, 8], punch: 16, ttl: 24 } as const;

/**
 * The sockets and packets of one host in one attempt. What comes of them is handed on as a machine's events; what cannot be done
 * rejects. Everything that was opened ends with `dispose`.
 */
export class HostNetwork {
  readonly #parameters: TraversalParameters;
  /** Absent where this process may not see packets: then no SYN is seen leaving. */
  readonly #recorder: Recorder | undefined;
  readonly #happened: (event: HostEvent) => void;
  readonly #endings = new Endings();
  readonly #sockets: HostSockets;
  #localPort = 0;
  #greetings = 0;
  readonly #search: HostSearch | undefined;
  /** What it sends past its kernel. */
  readonly segments: HostSegments;
  #rendezvous: Rendezvous | undefined;

  constructor(parameters: TraversalParameters, recorder: Recorder | undefined, happened: (event: HostEvent) => void) {
    this.#parameters = parameters;
    this.#recorder = recorder;
    this.#happened = happened;
    this.#sockets = new HostSockets(parameters.greeting ?? parameters);
    this.#endings.atEnd(() => this.#sockets.dispose());
    const source = (): Ipv4 | undefined => this.#rendezvous?.localAddress;
    this.segments = new HostSegments(source);
    this.#search = recorder && new HostSearch(parameters, recorder, { source, endings: this.#endings, happened });
  }

  /** The stream of the connection that was adopted. */
  get stream(): Socket {
    return this.#sockets.adopted;
  }

  /** Both ends of that connection as this host sees them. */
  get ends(): { readonly local: Endpoint; readonly remote: Endpoint } {
    return this.#sockets.ends;
  }

  /** A connection stands, and the peer's hello has yet to come. */
  get isGreeting(): boolean {
    return this.#greetings > 0;
  }

  /** What an attempt still waits for before it knows where to punch. */
  get awaited(): string {
    if (!this.#rendezvous) return "no answer from X";
    return this.#rendezvous.isPaired ? "the peer did not say where it is" : "the peer did not come to X";
  }

  /** Connections end with RST, so that no TIME_WAIT outlives the attempt. */
  dispose(): Promise<void> {
    return this.#endings.dispose();
  }

  async join(listener: RendezvousListener): Promise<void> {
    this.#rendezvous = await Rendezvous.join(this.#parameters, listener, this.#keep);
  }

  tell(message: HostMessage): void {
    this.#rendezvous?.tell(message);
  }

  /** Takes the attempt's local ports; throws where other programs have them all. */
  claimPorts(): void {
    const claimed = claimWindow(this.#parameters.localPort);
    this.#endings.atEnd(() => claimed.release());
    this.#localPort = claimed.first;
    if (this.#localPort !== this.#parameters.localPort) log("ports-taken", { instead: this.#localPort });
  }

  /** Ends the connection to X, which knows nothing of the peers' own. */
  leaveRendezvous(): void {
    this.#rendezvous?.leave();
  }

  async predict(): Promise<void> {
    const { x } = this.#parameters;
    const localPort = this.#localPort;
    for (const offset of WINDOW.tests) {
      const test = await testPrediction(x, localPort + offset, this.#keep);
      log("prediction-test", test);
      // a sequential NAT that wraps around mid-test looks random once; a random one does every time
      if (test.allocation.kind === "random" && offset !== WINDOW.tests.at(-1)) continue;
      const prediction = predictNext(test, localPort + WINDOW.punch);
      log("predicted", prediction);
      const localAddress = this.#rendezvous?.localAddress ?? ("0.0.0.0" as Ipv4);
      return this.#happened({ kind: "predicted", prediction, localAddress });
    }
  }

  choosePort(): void {
    this.#happened({ kind: "port-chosen", localPort: this.#localPort + WINDOW.punch });
  }

  async measureTtl(): Promise<void> {
    const ttl = await measureTtl(this.#parameters.x, this.#localPort + WINDOW.ttl, this.#keep);
    log("ttl-measured", { ttl });
    this.#happened({ kind: "ttl-measured", ttl });
  }

  async connect({ socket: name, localPort, to, ttl, byWayOfX, unwatched }: Action<"connect">): Promise<void> {
    const route = byWayOfX && { via: this.#parameters.x as Ipv4 };
    log("connect", { socket: name, localPort, to: formatEndpoint(to), ttl, ...route });
    const socket = this.#bound(name, { localPort, ...(ttl === undefined ? {} : { ttl }), ...route });
    if (!socket) return;
    const seen = (segment: TcpSegment): void => {
      this.segments.saw(segment, to);
      const syn = reportOf(segment);
      log("syn-seen", { localPort, to: formatEndpoint(to), syn });
      this.#happened({ kind: "syn-seen", socket: name, syn });
    };
    if (!unwatched && this.#recorder)
      this.#endings.untilAdopted(watchSyn(this.#recorder, { localPort, to, ...route }, seen));
    try {
      await socket.connect(to.ip, to.port);
      log("connected", { socket: name, localPort, to: formatEndpoint(to) });
      this.#sockets.opened(name, socket.stream);
      this.#happened({ kind: "connected", socket: name });
    } catch (error) {
      this.#failed(name, connectFailureOf(error));
    }
  }

  /** A socket yet to be connected. Where another program has its port, it fails alone: of a birthday's hundreds the others may do. */
  #bound(name: SocketName, options: TcpOptions): TcpSocket | undefined {
    try {
      return this.#sockets.create(name, options);
    } catch (error) {
      if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
      queueMicrotask(() => this.#failed(name, failureOf(error, "port-busy")));
      return undefined;
    }
  }

  leaveRoute({ socket }: Action<"leave-route">): void {
    this.#sockets.leaveRoute(socket);
  }

  setTtl({ socket, ttl }: Action<"set-ttl">): void {
    this.#sockets.setTtl(socket, ttl);
  }

  abort({ socket }: Action<"abort">): void {
    this.#sockets.reset(socket);
  }

  async listen({ socket, localPort }: Action<"listen">): Promise<void> {
    await this.#sockets.listen(socket, localPort, (accepted, stream) => {
      log("accepted", { socket: accepted, from: `${stream.remoteAddress}:${stream.remotePort}` });
      this.#happened({ kind: "connected", socket: accepted });
    });
    log("listening", { socket, localPort });
    this.#happened({ kind: "listening", socket });
  }

  async joinRelay({ socket: name }: Action<"join-relay">): Promise<void> {
    const { x, session, key, role } = this.#parameters;
    const socket = this.#sockets.create(name, { localPort: 0 });
    await socket.connect(x, X_PORTS.relay);
    socket.stream.write(`${JSON.stringify({ t: "relay", session, key, role })}\n`);
    this.#sockets.opened(name, socket.stream);
    this.#happened({ kind: "connected", socket: name });
  }

  greet({ socket }: Action<"greet">): Promise<void> {
    return this.#converse(socket, "verified", (greeting) => greeting.verify());
  }

  choose({ socket }: Action<"choose">): Promise<void> {
    return this.#converse(socket, "agreed", (greeting) => greeting.choose());
  }

  awaitChoice({ socket }: Action<"await-choice">): Promise<void> {
    return this.#converse(socket, "agreed", (greeting) => greeting.awaitChoice());
  }

  adopt({ socket }: Action<"adopt">): void {
    this.#sockets.adopt(socket);
    this.#endings.adopted();
    log("adopted", { socket, tcp: tcpInfoOf(this.#sockets.adopted) });
  }

  drawPorts(action: Action<"draw-ports">): void {
    const ports = drawPorts(action, this.#parameters);
    log("drawn", { of: action.of, ports });
    queueMicrotask(() => this.#happened({ kind: "drawn", ports }));
  }

  drawNumbers(): void {
    this.#happened({ kind: "numbers-drawn", syn: drawNumbers(this.#parameters) });
  }

  muteResets({ towards }: Action<"mute-resets">): void {
    this.#endings.atEnd(muteResets(towards.ip));
  }

  /** A socket that takes itself for connected. */
  inject({ socket: name, localPort, to, own, peer, announce, ttl }: Action<"inject">): void {
    const established = { ...to, own, peer, announce };
    const socket = this.#sockets.create(name, { localPort, established, ...(ttl === undefined ? {} : { ttl }) });
    log("injected", { socket: name, localPort, to: formatEndpoint(to), own, peer, ttl });
    this.#sockets.opened(name, socket.stream);
    this.#happened({ kind: "injected", socket: name });
  }

  /** What searches for ports took so far. */
  get searched(): { readonly searched?: Searched } {
    const searched = this.#search?.searched;
    return searched ? { searched } : {};
  }

  /** Throws EPERM where this process may not see packets. */
  get search(): HostSearch {
    if (this.#search) return this.#search;
    throw Object.assign(new Error("this process may not see packets (CAP_NET_RAW)"), { code: "EPERM" });
  }

  #keep = (socket: TcpSocket): void => this.#endings.atEnd(() => socket.destroy());

  /** Says on a socket what is to be said; one that breaks meanwhile, or has a stranger at its other end, fails alone. */
  async #converse(
    socket: SocketName,
    kind: "verified" | "agreed",
    say: (greeting: Greeting) => Promise<void>,
  ): Promise<void> {
    this.#greetings += 1;
    try {
      await say(this.#sockets.greeting(socket));
    } catch (error) {
      return this.#failed(socket, failureOf(error, "reset-after-open"));
    } finally {
      this.#greetings -= 1;
    }
    log(kind, { socket });
    this.#happened({ kind, socket });
  }

  #failed(socket: SocketName, failure: ReturnType<typeof failureOf>): void {
    log("connect-failed", { socket, ...failure });
    this.#sockets.reset(socket);
    this.#happened({ kind: "connect-failed", socket, ...failure });
  }
}
