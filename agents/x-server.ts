import { createServer, type Server, type Socket } from "node:net";
import { port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { miss, missSoon } from "./net/vigilance.ts";
import { PacketSender } from "./packet-sender.ts";
import { affordablePlaces, Places } from "./x-places.ts";
import { ProbeService } from "./x-probe.ts";
import { refuse } from "./x-refusal.ts";
import { RelayService } from "./x-relay.ts";
import { RendezvousService } from "./x-rendezvous.ts";

/** Connections at a time, where the limit of open files allows: to rendezvous and relay together, and to the probe ports. */
const MAX_PLACES = 8_192;
/** Sessions' connections from one address: a carrier's NAT has many hosts behind it. */
const SESSIONS_PER_ADDRESS = 256;
/** A prober that counts its NAT's ports holds 2,560 connections to the probe ports, and two may be behind one NAT. */
const ECHOES_PER_ADDRESS = 6_000;
/** A connection to a probe port is closed after this long. */
const ECHO_IDLE_MS = 300_000;

/** X's public services: rendezvous, probe ports, relay, and the prober's hand outside. */
export class XServer {
  readonly #probe: ProbeService;
  readonly #rendezvous: RendezvousService;
  readonly #relay: RelayService;
  readonly #streams = new Set<Socket>();
  readonly #servers: Server[] = [];

  /** `openRecorder` is asked once packets have to be seen; where it throws, whoever needs that is told why it cannot be had. `sender` has the budget of all. */
  constructor(openRecorder: () => Recorder, sender: PacketSender = new PacketSender()) {
    let opened: Recorder | undefined;
    const recorder = (): Recorder => (opened ??= openRecorder());
    this.#probe = new ProbeService(recorder, sender);
    this.#rendezvous = new RendezvousService(recorder, sender);
    this.#relay = new RelayService((session, key) => this.#rendezvous.admits(session, key));
  }

  /** Opens all ports; rejects with Node's error (EADDRINUSE, EACCES), which names the port. */
  async listen(): Promise<void> {
    const all = affordablePlaces(MAX_PLACES, 2);
    const sessions = new Places({ all, perAddress: SESSIONS_PER_ADDRESS });
    const echoes = new Places({ all, perAddress: ECHOES_PER_ADDRESS });
    await Promise.all([
      this.#open(
        X_PORTS.rendezvous,
        seated(sessions, (stream) => {
          missSoon(stream);
          this.#rendezvous.serve(stream, outsideOf(stream));
        }),
      ),
      ...X_PORTS.probes.map((probe) => this.#open(probe, seated(echoes, answerProbe))),
      this.#open(
        X_PORTS.relay,
        seated(sessions, (stream) => {
          miss(stream);
          this.#relay.serve(stream);
        }),
      ),
      this.#open(X_PORTS.prober, (stream) => this.#probe.serve(stream)),
    ]);
  }

  /** Ends every connection with RST and forgets every session. */
  reset(): void {
    for (const stream of this.#streams) stream.resetAndDestroy();
    this.#streams.clear();
    this.#rendezvous.reset();
    this.#relay.reset();
  }

  /** Ends all service at once and takes back the rule that was set for it. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
    this.reset();
    this.#probe.close();
  }

  #open(portNumber: number, onStream: (stream: Socket) => void): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (stream) => {
      this.#streams.add(stream);
      stream.on("close", () => this.#streams.delete(stream));
      stream.on("error", () => {}); // a peer's RST ends the stream; `close` follows
      if (stream.remoteAddress === undefined)
        stream.destroy(); // gone before we looked
      else onStream(stream);
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(portNumber, "0.0.0.0", resolve);
    });
  }
}

/** Serves a connection while it has one of the places, and refuses it where there is none. */
function seated(places: Places, serve: (stream: Socket) => void): (stream: Socket) => void {
  return (stream) => {
    const { ip } = outsideOf(stream);
    const refusal = places.take(ip);
    if (refusal !== undefined) return refuse(stream, refusal);
    stream.on("close", () => places.leave(ip));
    serve(stream);
  };
}

/** Tells the caller where it comes from, as seen from outside its NAT. */
function answerProbe(stream: Socket): void {
  const { ip, port } = outsideOf(stream);
  stream.write(`${ip}:${port}\n`);
  stream.setTimeout(ECHO_IDLE_MS, () => stream.destroy());
  stream.on("end", () => stream.end());
  stream.resume();
}

function outsideOf(stream: Socket): Endpoint {
  return { ip: (stream.remoteAddress ?? "0.0.0.0") as Ipv4, port: port(stream.remotePort ?? 0) };
}
