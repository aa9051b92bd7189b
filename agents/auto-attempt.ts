import type { Socket } from "node:net";
import {
  laterWindow,
  type AttemptParameters,
  type AttemptResult,
  type FailureCode,
  type TriedStep,
} from "../wire/attempt.ts";
import type { TechniqueSpec, Traversal } from "../wire/technique.ts";
import type { HostRole, WantedRole, XMessage } from "../wire/rendezvous.ts";
import type { Ipv4 } from "../wire/address.ts";
import type { HostCapability } from "../wire/traits.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { HostAttempt } from "./host-driver.ts";
import { probeTraits } from "./host-probe.ts";
import { Lobby } from "./lobby.ts";
import { autoHost, type AutoAction, type AutoEvent } from "./technique/auto.ts";

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
  readonly #lobby: Lobby;
  #state: ReturnType<typeof autoHost>["initial"];
  #attempt: HostAttempt | undefined;
  /** The step that is going on. */
  #current: { readonly technique: Traversal; readonly role: HostRole; readonly began: number } | undefined;
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
    const { x, xPort, session, key } = parameters;
    this.#lobby = new Lobby(
      { x, ...(xPort === undefined ? {} : { xPort }), session, key, role, technique },
      {
        onMessage: (message) => this.#hear(message),
        onLost: (detail, isFinal) => this.#dispatch({ kind: "lost", detail, isFinal }),
      },
    );
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
      this.#lobby.join();
    });
    for (const timer of this.#timers) clearTimeout(timer);
    if (!result.ok) this.#tally(result); // what ends all ends the step that was going on
    this.#attempt?.leaveRendezvous();
    this.#lobby.leave();
    const told = this.#tried.length > 0 ? { ...result, tried: this.#tried } : result;
    log("attempt-result", told);
    return told;
  }

  /** Ends everything the attempt opened. */
  async dispose(): Promise<void> {
    this.#settle = undefined;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#lobby.dispose();
    await this.#attempt?.dispose();
  }

  #hear(message: XMessage): void {
    if (message.t === "welcome") {
      this.#outside = message.observed.ip;
      this.#role = message.role ?? this.#role;
      log("welcome", { role: this.#role, outside: this.#outside });
    }
    if (message.t === "paired") this.#pairedAt ||= performance.now();
    this.#dispatch({ kind: "told", message });
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
        return this.#lobby.tell(action.message);
      case "wait":
        return this.#after(action.ms, () => this.#dispatch({ kind: "elapsed", timer: action.timer }));
      case "follow":
        return log("plan", action.plan);
      case "attempt":
        return void this.#try(action);
      case "cut":
        return this.#attempt?.cut(action.failure, action.why);
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
    this.#current = { technique, role, began: performance.now() };
    const result = await attempt.run();
    this.#tally(result);
    this.#last = result;
    this.#dispatch({ kind: "attempted", step, ok: result.ok });
  }

  /** Adds the step that is going on to those that were tried. */
  #tally(result: AttemptResult): void {
    if (!this.#current) return;
    const { began, ...step } = this.#current;
    this.#current = undefined;
    const tried = { ...step, tookMs: performance.now() - began, ...(result.ok ? {} : failureOf(result)) };
    this.#tried.push(tried);
    log("step-ended", tried);
  }

  /** The time counts from the peer's arrival. */
  #adopt(): void {
    if (this.#last?.ok) this.#end({ ...this.#last, connectMs: performance.now() - this.#pairedAt });
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #end(result: AttemptResult): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(result);
  }
}

function failureOf({ failure, detail }: Extract<AttemptResult, { ok: false }>): {
  failure: FailureCode;
  detail: string;
} {
  return { failure, detail };
}
