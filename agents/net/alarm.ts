import { clearTimer, openTimer, setTimer } from "./libc.ts";
import { watchReadable } from "./poll.ts";

/**
 * A timer of the kernel's (timerfd) in Node's event loop: it wakes the process within some 50 µs, where setTimeout counts in
 * whole milliseconds.
 */
export class Alarm {
  readonly #fd = openTimer();
  #set = false;

  constructor(onAlarm: () => void) {
    watchReadable(this.#fd, () => {
      clearTimer(this.#fd);
      this.#set = false;
      onAlarm();
    });
  }

  get isSet(): boolean {
    return this.#set;
  }

  /** Goes off once, `afterMs` from now; an earlier setting is forgotten. */
  set(afterMs: number): void {
    this.#set = true;
    setTimer(this.#fd, afterMs * 1e3);
  }
}
