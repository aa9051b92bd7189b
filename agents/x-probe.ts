import type { Socket } from "node:net";
import { X_PORTS } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { silencePorts } from "./mute.ts";
import type { PacketSender } from "./packet-sender.ts";
import { ProbeClient } from "./x-probe-client.ts";
import { refuse } from "./x-refusal.ts";

/** Clients at a time. */
const MAX_CLIENTS = 64;

/**
 * X's side of the prober (wire/probe.ts). It is safe to leave on a public host: packets go only to the very address that completed a TCP
 * handshake with us, at a bounded rate, from ports at which this host answers nothing else.
 */
export class ProbeService {
  readonly #openRecorder: () => Recorder;
  readonly #sender: PacketSender;
  #recorder: Recorder | undefined;
  #unsilence: (() => void) | undefined;
  #clients = 0;

  constructor(openRecorder: () => Recorder, sender: PacketSender) {
    this.#openRecorder = openRecorder;
    this.#sender = sender;
  }

  /** Serves one prober until either end closes. */
  serve(stream: Socket): void {
    if (this.#clients >= MAX_CLIENTS) return refuse(stream, "too many probers");
    let recorder: Recorder;
    try {
      recorder = this.#prepare();
    } catch (error) {
      return refuse(stream, `X cannot serve probers: ${(error as Error).message.split("\n")[0]}`);
    }
    this.#clients += 1;
    const client = new ProbeClient(stream, recorder, this.#sender);
    const untap = recorder.tap((packet) => client.look(packet));
    stream.on("close", () => {
      untap();
      this.#clients -= 1;
    });
  }

  /** Lets the kernel answer at the silent ports again. */
  close(): void {
    this.#unsilence?.();
    this.#unsilence = undefined;
  }

  /** Sockets are opened, and the ports silenced, for the first prober: most worlds' lives pass without one. Throws what is missing. */
  #prepare(): Recorder {
    void this.#sender.raw;
    this.#unsilence ??= silencePorts(X_PORTS.silent);
    this.#recorder ??= this.#openRecorder();
    return this.#recorder;
  }
}
