import { expect } from "vitest";
import { RENDEZVOUS_VERSION, X_PORTS } from "../../../wire/rendezvous.ts";
import { Station } from "./station.ts";
import type { Visit } from "./visit.ts";

export const [A, B, C, VICTIM] = ["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.66"] as const;
export const SYN = { isn: 1, window: 64_240, mss: 1460, sackPermitted: true };
export const hello = (role: string, more: object = {}) => {
  return { t: "hello", v: RENDEZVOUS_VERSION, session: "s", key: "k", role, technique: "natblaster-2", ...more };
};
export const ready = (ip: string) => ({ t: "ready", endpoint: { ip, port: 40_000 } });

/** An X and what its guests do together. */
export class Company implements AsyncDisposable {
  readonly station: Station;

  private constructor(station: Station) {
    this.station = station;
  }

  static async open(): Promise<Company> {
    return new Company(await Station.open());
  }

  /** A and B, both in, in one session of `technique`. */
  async pair(technique: string): Promise<{ a: Visit; b: Visit } & AsyncDisposable> {
    const [a, b] = [this.station.visit(A), this.station.visit(B)];
    a.say(hello("a", { technique }));
    await a.hears("welcome");
    b.say(hello("b", { technique }));
    await Promise.all([a.hears("paired"), b.hears("paired")]);
    return { a, b, [Symbol.asyncDispose]: () => this.gone(a, b) };
  }

  /** All of them leave, and X knows it. */
  async gone(...visits: readonly Visit[]): Promise<void> {
    for (const visit of visits) visit.leave();
    await Promise.all(visits.map((visit) => visit.isClosed()));
  }

  /** Waits until X has dealt with all that was said before, then has it refuse everybody. */
  async over(visits: readonly Visit[]): Promise<void> {
    const later = this.station.visit(C, X_PORTS.probes[0]);
    await later.isAnswered(); // X takes what arrives in order
    later.leave();
    for (const visit of visits) visit.write("\n");
    await Promise.all(visits.map((visit) => visit.isClosed()));
    await this.station.look();
  }

  /** X is as it was for somebody who comes later. */
  async stillServes(): Promise<void> {
    const visit = this.station.visit(C);
    visit.say(hello("a", { session: "afterwards" }));
    await visit.hears("welcome");
    await this.gone(visit);
    expect(this.station.x.exitCode).toBe(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.station[Symbol.asyncDispose]();
  }
}
