import type { Socket } from "node:net";
import { X_PORTS } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { silencePorts } from "./mute.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { ProbeClient, refuse } from "./x-probe-client.ts";

/** Clients at a time. */
const MAX_CLIENTS = 64;

/**
 * X's side of the prober (wire/probe.ts). It is safe to leave on a public host: packets go only to the very address that completed a TCP
 * handshake with us, at a bounded rate, from ports at which this host answers nothing else.
 */
export class ProbeService {
  readonly #recorder: Recorder;
  #raw: RawSocket | undefined;
  #clients = 0;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Serves one prober until either end closes. */
  serve(stream: Socket): void {
    if (this.#clients >= MAX_CLIENTS) return refuse(stream, "too many probers");
    let raw: RawSocket;
    try {
      raw = this.#socket();
    } catch (error) {
      return refuse(stream, `X cannot serve probers: ${(error as Error).message.split("\n")[0]}`);
    }
    this.#clients += 1;
    const client = new ProbeClient(stream, this.#recorder, raw);
    const untap = this.#recorder.tap((packet) => client.look(packet));
    stream.on("close", () => {
      untap();
      this.#clients -= 1;
    });
  }

  /** Opened, and the ports silenced, for the first prober: most worlds' lives pass without one. */
  #socket(): RawSocket {
    if (!this.#raw) {
      silencePorts(X_PORTS.silent);
      this.#raw = new RawSocket();
    }
    return this.#raw;
  }
}
