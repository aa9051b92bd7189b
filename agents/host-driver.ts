import type { Socket } from "node:net";
import type { AttemptResult, FailureCode, TraversalParameters } from "../wire/attempt.ts";
import { mostWords } from "../wire/technique.ts";
import type { XMessage } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { HostNetwork } from "./host-network.ts";
import { failureOf } from "./host-sockets.ts";
import { hostMachine } from "./technique/index.ts";
import type { HostAction, HostEvent, HostMachine } from "./technique/machine.ts";

/** Time for rendezvous, TTL and prediction; a busy machine's slow start must not eat the punch's time, nor pass for a NAT's doing. */
const PREPARE_WITHIN_MS = 10_000;

/** A peer that is done leaves X: by then it has sent its hello, which may have to be sent twice to come through. */
const LAST_WORD_MS = 3_000;

/** Plays one technique's host machine against the real network, until it has a verified connection, gives up or runs out of time. */
export class HostAttempt {
  readonly #parameters: TraversalParameters;
  readonly #network: HostNetwork;
  readonly #machine: HostMachine<unknown>;
  readonly #started = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: unknown;
  #deadline: NodeJS.Timeout | undefined;
  #punching = false;
  #wordsLeft: number;
  #settle: ((result: AttemptResult) => void) | undefined;

  constructor(parameters: TraversalParameters, recorder: Recorder | undefined) {
    this.#parameters = parameters;
    this.#wordsLeft = mostWords(parameters.technique);
    this.#network = new HostNetwork(parameters, recorder, (event) => this.#dispatch(event));
    this.#machine = hostMachine(parameters.role, parameters.technique);
    this.#state = this.#machine.initial;
  }

  /** The stream that a successful attempt ended with. */
  get stream(): Socket {
    return this.#network.stream;
  }

  /** Runs until a connection is verified or given up; expected failures are results. */
  async run(): Promise<AttemptResult> {
    const result = await new Promise<AttemptResult>((resolve) => {
      this.#settle = resolve;
      this.#armDeadline();
      this.#begin();
    });
    log("attempt-result", result);
    return result;
  }

  /** Ends an attempt that is going on. */
  cut(failure: FailureCode, why: string): void {
    this.#giveUp(failure, why);
  }

  /** Takes the host out of its session at X; the connection stays. */
  leaveRendezvous(): void {
    this.#network.leaveRendezvous();
  }

  /** Ends everything the attempt opened. */
  async dispose(): Promise<void> {
    this.#settle = undefined;
    clearTimeout(this.#deadline);
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#network.dispose();
  }

  /** Starts the deadline anew: a word from X is progress. Until the peer's endpoint is known it is the preparations'. */
  #armDeadline(): void {
    const deadlineMs = this.#punching ? this.#parameters.deadlineMs : PREPARE_WITHIN_MS;
    clearTimeout(this.#deadline);
    if (!this.#settle) return;
    this.#deadline = setTimeout(() => {
      this.#giveUp("deadline", `${this.#punching ? "nothing decisive" : this.#network.awaited} in ${deadlineMs} ms`);
    }, deadlineMs);
  }

  #begin(): void {
    try {
      this.#network.claimPorts();
    } catch (error) {
      return this.#fail(error, "port-busy");
    }
    this.#joinRendezvous();
  }

  #joinRendezvous(): void {
    const joining = this.#network.join({
      onMessage: (message: XMessage) => {
        this.#punching ||= message.t === "peer";
        this.#wordsLeft -= 1;
        if (this.#wordsLeft >= 0) this.#armDeadline();
        const graceMs = message.t === "peer-left" && this.#network.isGreeting ? LAST_WORD_MS : 0;
        if (graceMs > 0) this.#after(graceMs, { kind: "told", message });
        else this.#dispatch({ kind: "told", message });
      },
      onLost: ({ why }) => this.#end({ ok: false, failure: "rendezvous-lost", detail: why }),
    });
    this.#background(joining, "rendezvous-lost");
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
        return this.#background(this.#network.predict(), "prediction-failed");
      case "choose-port":
        return this.#network.choosePort();
      case "measure-ttl":
        return this.#background(this.#network.measureTtl(), "prediction-failed");
      case "connect":
        return this.#background(this.#network.connect(action), "port-busy");
      case "abort":
        return this.#network.abort(action);
      case "copy-syn":
        return this.#network.segments.copySyn(action);
      case "answer-syn":
        return this.#network.segments.answerSyn(action);
      case "answer-met":
        return this.#network.segments.answerMet(action);
      case "leave-route":
        return this.#network.leaveRoute(action);
      case "listen":
        return this.#background(this.#network.listen(action), "port-busy");
      case "join-relay":
        return this.#background(this.#network.joinRelay(action), "rendezvous-lost");
      case "draw-ports":
        return this.#network.drawPorts(action);
      case "flood":
        return this.#background(this.#network.search.flood(action), "missing-capability");
      case "draw-numbers":
        return this.#network.drawNumbers();
      case "inject":
        return this.#network.inject(action);
      case "spray-syns":
        return this.#background(this.#network.search.spray(action), "missing-capability");
      case "watch-sweep":
        return this.#network.search.watchSweep(action);
      case "searched":
        return this.#network.search.count(action);
      case "mute-resets":
        return this.#network.muteResets(action);
      case "greet":
        return this.#background(this.#network.greet(action), "reset-after-open");
      case "choose":
        return this.#background(this.#network.choose(action), "reset-after-open");
      case "await-choice":
        return this.#background(this.#network.awaitChoice(action), "reset-after-open");
      case "set-ttl":
        return this.#network.setTtl(action);
      case "tell":
        return this.#network.tell(action.message);
      case "wait":
        return this.#after(action.ms, { kind: "elapsed", timer: action.timer });
      case "adopt":
        this.#network.adopt(action);
        return this.#end({ ok: true, ...this.#network.ends, connectMs: performance.now() - this.#started });
      case "give-up":
        return this.#end({ ok: false, failure: action.failure, detail: action.detail }); // and the machine told the peer
    }
  }

  #after(ms: number, event: HostEvent): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#dispatch(event);
    }, ms);
    this.#timers.add(timer);
  }

  /** What ends an attempt besides its machine: the peer learns of it, so that it need not wait for its own deadline. */
  #giveUp(failure: FailureCode, detail: string): void {
    if (!this.#settle) return;
    this.#network.tell({ t: "failed", reason: failure });
    this.#end({ ok: false, failure, detail });
  }

  #fail(error: unknown, otherwise: FailureCode): void {
    const { failure, detail } = failureOf(error, otherwise);
    const isOwn = otherwise !== "rendezvous-lost" || failure === "fd-limit"; // of a socket to X nothing else is a technique's failure
    this.#giveUp(isOwn ? failure : otherwise, detail);
  }

  #background(work: Promise<void>, otherwise: FailureCode): void {
    work.catch((error: unknown) => this.#fail(error, otherwise));
  }

  #end(result: AttemptResult): void {
    clearTimeout(this.#deadline); // who has ended does not tell the peer later that time ran out
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.({ ...result, ...this.#network.searched });
  }
}
