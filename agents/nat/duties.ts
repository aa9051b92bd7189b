import type { GatewayDuties } from "../../wire/control.ts";
import type { ConntrackTable } from "../conntrack.ts";
import { DelayedAnswer } from "./delayed-answer.ts";
import { Teardown } from "./teardown.ts";

/** What a NAT's agent does in user space, where no rule can. */
export class Duties {
  readonly #teardown: Teardown;
  readonly #delayedAnswer: DelayedAnswer;

  constructor(conntrack: ConntrackTable) {
    this.#teardown = new Teardown(conntrack);
    this.#delayedAnswer = new DelayedAnswer(conntrack);
  }

  /** To be called before the rules are loaded that hand packets over. */
  serve({ teardownQueue, delayedAnswer }: GatewayDuties): void {
    if (teardownQueue !== undefined) this.#teardown.serve(teardownQueue);
    if (delayedAnswer) this.#delayedAnswer.serve(delayedAnswer);
  }

  /** Drops what waits, unanswered. */
  forget(): void {
    this.#delayedAnswer.forget();
  }
}
