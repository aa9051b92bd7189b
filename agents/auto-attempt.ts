import type { Socket } from "node:net";
import { laterWindow } from "../wire/attempt.ts";
import type { AttemptParameters, AttemptResult, FailureCode, TriedStep } from "../wire/control.ts";
import type { TechniqueSpec } from "../wire/technique.ts";
import type { HostRole, WantedRole, XMessage } from "../wire/rendezvous.ts";
import type { Ipv4 } from "../wire/address.ts";
import type { HostCapability } from "../wire/traits.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { HostAttempt } from "./host-driver.ts";
import { probeTraits } from "./host-probe.ts";
import { Rendezvous } from "./host-rendezvous.ts";
import type { TcpSocket } from "./net/tcp-socket.ts";
import { autoHost, type AutoAction, type AutoEvent } from "./technique/auto.ts";

/** X answers hello at once. */
const WELCOME_WITHIN_MS = 10_000;
/** Kept for the last step, the relay. */
const LAST_STEP_MS = 4_000;

export type AutoParameters = Omit<AttemptParameters, "role" | "technique" | "greeting"> & {
  readonly role: WantedRole;
  readonly technique: Extract<TechniqueSpec, { name: "auto" }>;
  readonly capabilities: readonly HostCapability[];
  /** What the peers prove to each other; the session's key where absent. */
  readonly greetingKey?: string;
  /** The one technique that is to be tried. */
  readonly only?: string;
};

/** Plays `auto` for one host: a lobby at X, in which each step of the plan is an ordinary attempt in a session of its own. */
export class AutoAttempt {
  readonly #parameters: AutoParameters;
  readonly #recorder: Recorder | undefined;
  readonly #machine: ReturnType<typeof autoHost>;
  readonly #tried: TriedStep[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: ReturnType<typeof autoHost>["initial"];
  #lobby: Rendezvous | undefined;
  #socket: TcpSocket | undefined;
  #attempt: HostAttempt | undefined;
  #role: HostRole;
  #outside: Ipv4 | undefined;
  #pairedAt = 0;
  #last: AttemptResult | undefined;
  #settle: ((result: AttemptResult) => void) | undefined;

  constructor(parameters: AutoParameters, recorder: Recorder | undefined) {
    const { technique, capabilities, only, role } = parameters;
    this.#parameters = parameters;
    this.#recorder = recorder;
    this.#role = role === "any" ? "a" : role;
    this.#machine = autoHost({
      withinMs: technique.withinMs,
      lastMs: LAST_STEP_MS,
      capabilities,
      ...(only === undefined ? {} : { only }),
    });
    this.#state = this.#machine.initial;
  }

  /** The stream that a successful attempt ended with. */
  get stream(): Socket {
    if (!this.#attempt) throw new Error("the attempt has no connection");
    return this.#attempt.stream;
  }

  /** Runs until both hosts have one connection, or one of them gives up; expected failures are results. */
  async run(): Promise<AttemptResult> {
    const result = await new Promise<AttemptResult>((resolve) => {
      this.#settle = resolve;
      this.#join().catch((error: unknown) => this.#end(lost(error)));
    });
    for (const timer of this.#timers) clearTimeout(timer);
    this.#attempt?.leaveRendezvous();
    this.#lobby?.leave();
    const told = this.#tried.length > 0 ? { ...result, tried: this.#tried } : result;
    log("attempt-result", told);
    return told;
  }

  /** Ends everything the attempt opened. */
  async dispose(): Promise<void> {
    this.#settle = undefined;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket?.destroy();
    await this.#attempt?.dispose();
  }

  async #join(): Promise<void> {
    const { x, xPort, session, key, role, technique } = this.#parameters;
    const late = this.#after(WELCOME_WITHIN_MS, () => this.#end(lost(new Error("X does not answer"))));
    const onMessage = (message: XMessage): void => {
      if (message.t === "welcome") {
        this.#drop(late);
        this.#outside = message.observed.ip;
        this.#role = message.role ?? this.#role;
        log("welcome", { role: this.#role, outside: this.#outside });
      }
      if (message.t === "paired") this.#pairedAt = performance.now();
      this.#dispatch({ kind: "told", message });
    };
    this.#lobby = await Rendezvous.join(
      { x, ...(xPort === undefined ? {} : { xPort }), session, key, role, technique },
      { onMessage, onLost: (detail) => this.#dispatch({ kind: "lost", detail }) },
      (socket) => (this.#socket = socket),
    );
  }

  #dispatch(event: AutoEvent): void {
    if (!this.#settle) return;
    const { state, actions } = this.#machine.step(this.#state, event);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: AutoAction): void {
    switch (action.kind) {
      case "probe":
        return void this.#probe();
      case "tell":
        return this.#lobby?.tell(action.message);
      case "wait":
        return void this.#after(action.ms, () => this.#dispatch({ kind: "elapsed", timer: action.timer }));
      case "follow":
        return log("plan", action.plan);
      case "attempt":
        return void this.#try(action);
      case "cut":
        return this.#attempt?.cut("the time for the last step has come");
      case "adopt":
        return this.#adopt();
      case "give-up":
        return this.#end({ ok: false, failure: action.failure, detail: action.detail });
    }
  }

  async #probe(): Promise<void> {
    const outside = this.#outside;
    const nat = outside && (await probeTraits(this.#parameters, outside, this.#recorder).catch(() => undefined));
    log("probed", nat);
    this.#dispatch({ kind: "probed", ...(nat && { nat }) });
  }

  async #try({ step, technique, role }: Extract<AutoAction, { kind: "attempt" }>): Promise<void> {
    const { session, key, localPort, greetingKey = key, ...place } = this.#parameters;
    await this.#attempt?.dispose();
    if (!this.#settle) return;
    log("step", { step, technique, role });
    const attempt = new HostAttempt(
      {
        ...place,
        technique,
        role,
        session: `${session}.${step}`,
        key,
        localPort: laterWindow(localPort, step),
        seed: place.seed + step,
        greeting: { role: this.#role, session, key: greetingKey },
      },
      this.#recorder,
    );
    this.#attempt = attempt;
    const started = performance.now();
    const result = await attempt.run();
    const tookMs = performance.now() - started;
    const tried = { technique, role, tookMs, ...(result.ok ? {} : failureOf(result)) };
    this.#tried.push(tried);
    log("step-ended", tried);
    this.#last = result;
    this.#dispatch({ kind: "attempted", step, ok: result.ok });
  }

  /** The time counts from the peer's arrival. */
  #adopt(): void {
    if (this.#last?.ok) this.#end({ ...this.#last, connectMs: performance.now() - this.#pairedAt });
  }

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #drop(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #end(result: AttemptResult): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(result);
  }
}

function lost(error: unknown): AttemptResult {
  return { ok: false, failure: "rendezvous-lost", detail: error instanceof Error ? error.message : String(error) };
}

function failureOf({ failure, detail }: Extract<AttemptResult, { ok: false }>): {
  failure: FailureCode;
  detail: string;
} {
  return { failure, detail };
}
