import { HELLO_BYTES, helloOf } from "../../wire/hello.ts";
import type { Evidence } from "../evidence/types.ts";
import type { Side } from "../plan/shape.ts";
import type { ProofPoint } from "./outcome.ts";

/** One criterion: the point it adds to the proof, or what is missing. */
export type Check = { readonly point: ProofPoint } | { readonly missing: string };

export const met = (claim: string, evidence: string): Check => ({ point: { claim, evidence } });
export const lacks = (missing: string): Check => ({ missing });

/** Whether a flow's first bytes are the hello that only `sender` could say in this attempt. */
export function startsWithHello({ session, key }: Evidence, sender: Side, payloadStart: string): boolean {
  return payloadStart.slice(0, HELLO_BYTES * 2) === helloOf(sender, session, key).toString("hex");
}
