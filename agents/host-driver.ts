import type { Server, Socket } from "node:net";
import { formatEndpoint, port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { AttemptParameters, AttemptResult, FailureCode } from "../wire/control.ts";
import { X_PORTS, type HostMessage, type XMessage } from "../wire/rendezvous.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { floodDatagrams, watchHit, watchSyn } from "./host-packets.ts";
import { Rendezvous } from "./host-rendezvous.ts";
import { failureOf, greet } from "./host-sockets.ts";
import { muteResets } from "./mute.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { TcpSocket, listenOn } from "./net/tcp-socket.ts";
import { predictNext, testPrediction } from "./probe/prediction.ts";
import { measureTtl } from "./probe/ttl.ts";
import { hostMachine } from "./technique/index.ts";
import type { HostAction, HostEvent, HostMachine } from "./technique/machine.ts";

/** Offsets into the attempt's window of local ports. */
const WINDOW = { tests: [0, 4, 8], punch: 16, ttl: 24 } as const;
/** Flood ports lie above every attempt's window and below the kernel's own ephemeral range. */
const FLOOD_PORTS = { from: 10_240, to: 49_999 } as const;

/** Time for rendezvous, TTL and prediction; a busy machine's slow start must not eat the punch's time, nor pass for a NAT's doing. */
const PREPARE_WITHIN_MS = 10_000;

/** Plays one technique's host machine against the real network: turns its actions into sockets and packets. */
export class HostAttempt {
  readonly #parameters: AttemptParameters;
  readonly #recorder: Recorder;
  readonly #machine: HostMachine<unknown>;
  readonly #started = performance.now();
  readonly #cleanups: (() => unknown)[] = [];
  #state: unknown;
  #rendezvous: Rendezvous | undefined;
  #punch: TcpSocket | undefined;
  #stream: Socket | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #punching = false;
  #settle: ((result: AttemptResult) => void) | undefined;

  constructor(parameters: AttemptParameters, recorder: Recorder) {
    this.#parameters = parameters;
    this.#recorder = recorder;
    this.#machine = hostMachine(parameters.role, parameters.technique);
    this.#state = this.#machine.initial;
  }

  /** The stream that a successful attempt ended with. */
  get stream(): Socket {
    if (!this.#stream) throw new Error("the attempt has no connection");
    return this.#stream;
  }

  /** Runs until a connection is verified or given up; expected failures are results. */
  async run(): Promise<AttemptResult> {
    const result = await new Promise<AttemptResult>((resolve) => {
      this.#settle = resolve;
      this.#armDeadline();
      this.#cleanups.push(() => clearTimeout(this.#deadline));
      this.#joinRendezvous().catch((error: unknown) => this.#fail(error, "rendezvous-lost"));
    });
    log("attempt-result", result);
    return result;
  }

  /** Ends everything the attempt opened; connections end with RST so that no TIME_WAIT outlives the attempt. */
  async dispose(): Promise<void> {
    this.#settle = undefined;
    await Promise.all(
      this.#cleanups
        .splice(0)
        .reverse()
        .map((cleanup) => cleanup()),
    );
  }

  /** Starts the deadline anew: every word from X is progress. Until the peer's endpoint is known it is the preparations'. */
  #armDeadline(): void {
    const deadlineMs = this.#punching ? this.#parameters.deadlineMs : PREPARE_WITHIN_MS;
    clearTimeout(this.#deadline);
    if (!this.#settle) return;
    this.#deadline = setTimeout(() => this.#giveUp("deadline", `nothing decisive in ${deadlineMs} ms`), deadlineMs);
  }

  #keep = (socket: TcpSocket): void => {
    this.#cleanups.push(() => socket.destroy());
  };

  async #joinRendezvous(): Promise<void> {
    const listener = {
      onMessage: (message: XMessage) => {
        this.#punching ||= message.t === "peer";
        this.#armDeadline();
        this.#dispatch({ kind: "told", message });
      },
      onLost: (why: string) => this.#giveUp("rendezvous-lost", why),
    };
    this.#rendezvous = await Rendezvous.join(this.#parameters, listener, this.#keep);
  }

  #dispatch(event: HostEvent): void {
    if (!this.#settle) return;
    const { state, actions } = this.#machine.step(this.#state, event);
    this.#state = state;
    try {
      for (const action of actions) this.#perform(action);
    } catch (error) {
      this.#fail(error, "port-busy");
    }
  }

  #perform(action: HostAction): void {
    switch (action.kind) {
      case "predict":
        return this.#background(this.#predict(), "prediction-failed");
      case "measure-ttl":
        return this.#background(this.#measureTtl(), "prediction-failed");
      case "connect":
        return this.#background(this.#connect(action), "port-busy");
      case "listen":
        return this.#background(this.#listen(action.localPort), "port-busy");
      case "join-relay":
        return this.#background(this.#joinRelay(), "rendezvous-lost");
      case "flood":
        return this.#background(this.#flood(action), "missing-capability");
      case "mute-resets":
        this.#cleanups.push(muteResets(action.towards.ip));
        return;
      case "greet":
        return this.#background(this.#greet(), "reset-after-open");
      case "set-ttl":
        if (this.#punch) this.#punch.ttl = action.ttl;
        return;
      case "tell":
        return this.#tell(action.message);
      case "wait": {
        const timer = setTimeout(() => this.#dispatch({ kind: "elapsed", timer: action.timer }), action.ms);
        this.#cleanups.push(() => clearTimeout(timer));
        return;
      }
      case "adopt":
        return this.#adopt();
      case "give-up":
        return this.#giveUp(action.failure, action.detail);
    }
  }

  async #predict(): Promise<void> {
    const { x, localPort } = this.#parameters;
    for (const offset of WINDOW.tests) {
      const test = await testPrediction(x, localPort + offset, this.#keep);
      log("prediction-test", test);
      // a sequential NAT that wraps around mid-test looks random once; a random one does every time
      if (test.allocation.kind === "random" && offset !== WINDOW.tests.at(-1)) continue;
      const prediction = predictNext(test, localPort + WINDOW.punch);
      log("predicted", prediction);
      return this.#dispatch({ kind: "predicted", prediction });
    }
  }

  async #measureTtl(): Promise<void> {
    const { x, localPort } = this.#parameters;
    const ttl = await measureTtl(x, localPort + WINDOW.ttl, this.#keep);
    log("ttl-measured", { ttl });
    this.#dispatch({ kind: "ttl-measured", ttl });
  }

  async #connect({ localPort, to, ttl }: Extract<HostAction, { kind: "connect" }>): Promise<void> {
    log("connect", { localPort, to: formatEndpoint(to), ttl });
    const socket = new TcpSocket({ localPort, ...(ttl === undefined ? {} : { ttl }) });
    this.#keep(socket);
    this.#punch = socket;
    this.#cleanups.push(
      watchSyn(this.#recorder, { localPort, to }, (syn) => {
        log("syn-seen", { localPort, to: formatEndpoint(to), syn });
        this.#dispatch({ kind: "syn-seen", socket: "punch", syn });
      }),
    );
    try {
      await socket.connect(to.ip, to.port);
      log("connected", { localPort, to: formatEndpoint(to) });
      this.#opened(socket.stream);
    } catch (error) {
      const failure = failureOf(error, "deadline");
      log("connect-failed", { localPort, to: formatEndpoint(to), ...failure });
      this.#dispatch({ kind: "connect-failed", socket: "punch", ...failure });
    }
  }

  async #listen(localPort: number): Promise<void> {
    const server: Server = await listenOn(localPort, (stream) => {
      log("accepted", { from: `${stream.remoteAddress}:${stream.remotePort}` });
      stream.on("error", () => {}); // as in TcpSocket
      this.#cleanups.push(() => stream.resetAndDestroy());
      this.#opened(stream);
    });
    this.#cleanups.push(() => server.close());
  }

  async #joinRelay(): Promise<void> {
    const { x, session, key, role } = this.#parameters;
    const socket = new TcpSocket({ localPort: 0 });
    this.#keep(socket);
    await socket.connect(x, X_PORTS.relay);
    socket.stream.write(`${JSON.stringify({ t: "relay", session, key, role })}\n`);
    this.#opened(socket.stream);
  }

  #opened(stream: Socket): void {
    this.#stream = stream;
    this.#dispatch({ kind: "connected", socket: "punch" });
  }

  async #greet(): Promise<void> {
    await greet(this.stream, this.#parameters);
    this.#dispatch({ kind: "verified", socket: "punch" });
  }

  async #flood({ to, count, ttl }: Extract<HostAction, { kind: "flood" }>): Promise<void> {
    const { seed, role } = this.#parameters;
    const isn = seededBytes(`${seed}/${role}/flood-isn`, 4).readUInt32LE();
    const ports = seededPorts(`${seed}/${role}/flood-ports`, count, FLOOD_PORTS);
    const raw = new RawSocket();
    this.#cleanups.push(() => raw.close());
    this.#cleanups.push(
      watchHit(this.#recorder, { from: to, isn, ports: new Set(ports) }, (hit) => {
        log("hit", hit);
        this.#dispatch({ kind: "hit", ...hit });
      }),
    );
    const src = this.#rendezvous?.localAddress;
    if (src === undefined) return;
    await raw.sendAll(floodDatagrams({ src, to, ttl, isn, ports }), to.ip);
    log("flooded", { isn, count, to: formatEndpoint(to), ttl });
    this.#dispatch({ kind: "flooded", isn, count });
  }

  #tell(message: HostMessage): void {
    this.#rendezvous?.tell(message);
  }

  #adopt(): void {
    const { remoteAddress, remotePort, localAddress, localPort } = this.stream;
    const [local, remote] = [endpointOf(localAddress, localPort), endpointOf(remoteAddress, remotePort)];
    this.#end({ ok: true, local, remote, connectMs: performance.now() - this.#started });
  }

  #giveUp(failure: FailureCode, detail: string): void {
    if (failure === "deadline") this.#tell({ t: "failed", reason: failure });
    this.#end({ ok: false, failure, detail });
  }

  #fail(error: unknown, otherwise: FailureCode): void {
    const { failure, detail } = failureOf(error, otherwise);
    this.#giveUp(otherwise === "rendezvous-lost" ? otherwise : failure, detail);
  }

  #background(work: Promise<void>, otherwise: FailureCode): void {
    work.catch((error: unknown) => this.#fail(error, otherwise));
  }

  #end(result: AttemptResult): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(result);
  }
}

function endpointOf(ip: string | undefined, portNumber: number | undefined): Endpoint {
  return { ip: (ip ?? "") as Ipv4, port: port(portNumber ?? 0) };
}
