import type { Socket } from "node:net";
import { formatEndpoint, port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { AttemptParameters } from "../wire/control.ts";
import { X_PORTS, type HostMessage } from "../wire/rendezvous.ts";
import { seededBytes, seededPorts } from "../wire/seeded.ts";
import type { TcpSegment } from "../wire/tcp.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { copyOfSyn, floodDatagrams, watchHit, watchSyn } from "./host-packets.ts";
import { Rendezvous, type RendezvousListener } from "./host-rendezvous.ts";
import { failureOf, greet } from "./host-sockets.ts";
import { muteResets } from "./mute.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { TcpSocket, listenOn } from "./net/tcp-socket.ts";
import { predictNext, testPrediction } from "./probe/prediction.ts";
import { measureTtl } from "./probe/ttl.ts";
import { reportOf } from "./syn-report.ts";
import type { HostAction, HostEvent } from "./technique/machine.ts";

type Action<Kind extends HostAction["kind"]> = Extract<HostAction, { kind: Kind }>;

/** Offsets into the attempt's window of local ports. */
const WINDOW = { tests: [0, 4, 8], punch: 16, ttl: 24 } as const;
/** Flood ports lie above every attempt's window and below the kernel's own ephemeral range. */
const FLOOD_PORTS = { from: 10_240, to: 49_999 } as const;

/**
 * The sockets and packets of one host in one attempt. What comes of them is handed on as a machine's events; what cannot be done
 * rejects. Everything that was opened ends with `dispose`.
 */
export class HostNetwork {
  readonly #parameters: AttemptParameters;
  readonly #recorder: Recorder;
  readonly #happened: (event: HostEvent) => void;
  readonly #cleanups: (() => unknown)[] = [];
  #rendezvous: Rendezvous | undefined;
  #punch: TcpSocket | undefined;
  #syn: { readonly segment: TcpSegment; readonly to: Endpoint } | undefined;
  #stream: Socket | undefined;

  constructor(parameters: AttemptParameters, recorder: Recorder, happened: (event: HostEvent) => void) {
    this.#parameters = parameters;
    this.#recorder = recorder;
    this.#happened = happened;
  }

  /** The stream of the last connection that came about. */
  get stream(): Socket {
    if (!this.#stream) throw new Error("the attempt has no connection");
    return this.#stream;
  }

  /** Both ends of that connection as this host sees them. */
  get ends(): { readonly local: Endpoint; readonly remote: Endpoint } {
    const { remoteAddress, remotePort, localAddress, localPort } = this.stream;
    return { local: endpointOf(localAddress, localPort), remote: endpointOf(remoteAddress, remotePort) };
  }

  /** Connections end with RST, so that no TIME_WAIT outlives the attempt. */
  async dispose(): Promise<void> {
    const cleanups = this.#cleanups.splice(0).reverse();
    await Promise.all(cleanups.map((cleanup) => cleanup()));
  }

  async join(listener: RendezvousListener): Promise<void> {
    this.#rendezvous = await Rendezvous.join(this.#parameters, listener, this.#keep);
  }

  tell(message: HostMessage): void {
    this.#rendezvous?.tell(message);
  }

  async predict(): Promise<void> {
    const { x, localPort } = this.#parameters;
    for (const offset of WINDOW.tests) {
      const test = await testPrediction(x, localPort + offset, this.#keep);
      log("prediction-test", test);
      // a sequential NAT that wraps around mid-test looks random once; a random one does every time
      if (test.allocation.kind === "random" && offset !== WINDOW.tests.at(-1)) continue;
      const prediction = predictNext(test, localPort + WINDOW.punch);
      log("predicted", prediction);
      return this.#happened({ kind: "predicted", prediction });
    }
  }

  async measureTtl(): Promise<void> {
    const { x, localPort } = this.#parameters;
    const ttl = await measureTtl(x, localPort + WINDOW.ttl, this.#keep);
    log("ttl-measured", { ttl });
    this.#happened({ kind: "ttl-measured", ttl });
  }

  async connect({ localPort, to, ttl, byWayOfX }: Action<"connect">): Promise<void> {
    const route = byWayOfX && { via: this.#parameters.x as Ipv4 };
    log("connect", { localPort, to: formatEndpoint(to), ttl, ...route });
    const socket = new TcpSocket({ localPort, ...(ttl === undefined ? {} : { ttl }), ...route });
    this.#keep(socket);
    this.#punch = socket;
    this.#cleanups.push(
      watchSyn(this.#recorder, { localPort, to, ...route }, (segment) => {
        this.#syn = { segment, to };
        const syn = reportOf(segment);
        log("syn-seen", { localPort, to: formatEndpoint(to), syn });
        this.#happened({ kind: "syn-seen", socket: "punch", syn });
      }),
    );
    try {
      await socket.connect(to.ip, to.port);
      log("connected", { localPort, to: formatEndpoint(to) });
      this.#opened(socket.stream);
    } catch (error) {
      const failure = failureOf(error, "deadline");
      log("connect-failed", { localPort, to: formatEndpoint(to), ...failure });
      this.#happened({ kind: "connect-failed", socket: "punch", ...failure });
    }
  }

  copySyn({ ttl }: Action<"copy-syn">): void {
    const src = this.#rendezvous?.localAddress;
    if (!this.#syn || src === undefined) return;
    const { segment, to } = this.#syn;
    const raw = new RawSocket();
    raw.send(copyOfSyn(segment, { src, to, ttl }), to.ip);
    raw.close();
    log("syn-copied", { to: formatEndpoint(to), ttl });
  }

  leaveRoute(): void {
    this.#punch?.leaveRoute();
  }

  /** The TTL of the last socket that was connected. */
  set ttl(ttl: number) {
    if (this.#punch) this.#punch.ttl = ttl;
  }

  /** Closes the last socket that was to connect, if it still is to. */
  abort(): void {
    this.#punch?.destroy();
  }

  async listen({ localPort }: Action<"listen">): Promise<void> {
    const server = await listenOn(localPort, (stream) => {
      log("accepted", { from: `${stream.remoteAddress}:${stream.remotePort}` });
      stream.on("error", () => {}); // as in TcpSocket
      this.#cleanups.push(() => stream.resetAndDestroy());
      this.#opened(stream);
    });
    this.#cleanups.push(() => server.close());
    log("listening", { localPort });
    this.#happened({ kind: "listening", socket: "punch" });
  }

  async joinRelay(): Promise<void> {
    const { x, session, key, role } = this.#parameters;
    const socket = new TcpSocket({ localPort: 0 });
    this.#keep(socket);
    await socket.connect(x, X_PORTS.relay);
    socket.stream.write(`${JSON.stringify({ t: "relay", session, key, role })}\n`);
    this.#opened(socket.stream);
  }

  async greet(): Promise<void> {
    await greet(this.stream, this.#parameters);
    this.#happened({ kind: "verified", socket: "punch" });
  }

  muteResets({ towards }: Action<"mute-resets">): void {
    this.#cleanups.push(muteResets(towards.ip));
  }

  async flood({ to, count, ttl }: Action<"flood">): Promise<void> {
    const { seed, role } = this.#parameters;
    const isn = seededBytes(`${seed}/${role}/flood-isn`, 4).readUInt32LE();
    const ports = seededPorts(`${seed}/${role}/flood-ports`, count, FLOOD_PORTS);
    const raw = new RawSocket();
    this.#cleanups.push(() => raw.close());
    this.#cleanups.push(
      watchHit(this.#recorder, { from: to, isn, ports: new Set(ports) }, (hit) => {
        log("hit", hit);
        this.#happened({ kind: "hit", ...hit });
      }),
    );
    const src = this.#rendezvous?.localAddress;
    if (src === undefined) return;
    await raw.sendAll(floodDatagrams({ src, to, ttl, isn, ports }), to.ip);
    log("flooded", { isn, count, to: formatEndpoint(to), ttl });
    this.#happened({ kind: "flooded", isn, count });
  }

  #keep = (socket: TcpSocket): void => {
    this.#cleanups.push(() => socket.destroy());
  };

  #opened(stream: Socket): void {
    this.#stream = stream;
    this.#happened({ kind: "connected", socket: "punch" });
  }
}

function endpointOf(ip: string | undefined, portNumber: number | undefined): Endpoint {
  return { ip: (ip ?? "") as Ipv4, port: port(portNumber ?? 0) };
}
