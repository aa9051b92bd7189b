import type { Capture, Evidence, Exchange } from "../../../orchestrator/evidence/types.ts";
import type { GatewayId } from "../../../orchestrator/plan/shape.ts";
import type { Outcome } from "../../../orchestrator/verdict/outcome.ts";
import { sightingsOf, type Segment } from "../../../orchestrator/verdict/sightings.ts";
import type { Endpoint, Ipv4, Port } from "../../../wire/address.ts";
import type { NodeId } from "../../../wire/control.ts";
import type { ConntrackRecord, FlowTotal } from "../../../wire/evidence.ts";
import { seededBytes, sha256 } from "../../../wire/seeded.ts";

/** Ways to change recorded evidence; each returns a copy in which one thing is different. */
export type Falsify = (evidence: Evidence) => Evidence;

export const endpoint = (ip: string, port: number): Endpoint => ({ ip: ip as Ipv4, port: port as Port });

export function mapFlows(node: NodeId, change: (flow: FlowTotal) => FlowTotal | undefined): Falsify {
  return (evidence) =>
    mapCapture(node, (capture) => ({ ...capture, flows: capture.flows.flatMap((flow) => change(flow) ?? []) }))(
      evidence,
    );
}

export function mapCapture(node: NodeId, change: (capture: Capture) => Capture): Falsify {
  return (evidence) => {
    const capture = evidence.captures[node];
    if (!capture) throw new Error(`no capture of ${node}`);
    return { ...evidence, captures: { ...evidence.captures, [node]: change(capture) } };
  };
}

export function mapEntries(nat: GatewayId, change: (entry: ConntrackRecord) => ConntrackRecord | undefined): Falsify {
  return (evidence) => ({
    ...evidence,
    entries: { ...evidence.entries, [nat]: (evidence.entries[nat] ?? []).flatMap((entry) => change(entry) ?? []) },
  });
}

export function mapExchange(
  which: "exchange" | "afterCut",
  receiver: "a" | "b",
  change: Partial<Exchange["results"]["a"]>,
): Falsify {
  return (evidence) => {
    const exchange = evidence[which];
    if (!exchange) throw new Error(`no ${which}`);
    const results = { ...exchange.results, [receiver]: { ...exchange.results[receiver], ...change } };
    return { ...evidence, [which]: { ...exchange, results } };
  };
}

/** Leaves out the packets that fit, on every node. */
export function withoutSegments(fits: (segment: Segment) => boolean): Falsify {
  return (evidence) => {
    const captures = Object.entries(evidence.captures).map(([node, capture]) => {
      const packets = capture.packets.filter((packet) => {
        const alone = { captures: { [node]: { ...capture, packets: [packet] } } } as unknown as Evidence;
        return !sightingsOf(alone).segments.some(fits);
      });
      return [node, { ...capture, packets }];
    });
    return { ...evidence, captures: Object.fromEntries(captures) as Evidence["captures"] };
  };
}

export interface Lie {
  readonly a: { readonly local: Endpoint; readonly remote: Endpoint };
  readonly b: { readonly local: Endpoint; readonly remote: Endpoint };
}

/** Both agents claim a connection, and to have received all that the other was told to send, with the digests to prove it. */
export function claim({ a, b }: Lie): Falsify {
  return (evidence) => {
    const lastUs = Math.max(...sightingsOf(evidence).segments.map(({ atUs }) => atUs));
    return {
      ...evidence,
      attempts: { a: { ok: true, ...a, connectMs: 5 }, b: { ok: true, ...b, connectMs: 5 } },
      exchange: EXCHANGE,
      afterCut: { ...AFTER_CUT, fromUs: lastUs + 1, toUs: lastUs + 2 },
    };
  };
}

function received(purpose: string, bytes: number): Exchange {
  const seeds = { a: `lie/${purpose}/a`, b: `lie/${purpose}/b` };
  const digest = (seed: string) => ({ receivedBytes: bytes, receivedSha256: sha256(seededBytes(seed, bytes)) });
  return { bytes, seeds, results: { a: digest(seeds.b), b: digest(seeds.a) } };
}

const EXCHANGE = received("exchange", 1 << 20);
const AFTER_CUT = received("after-cut", 64 << 10);

/** The outcome as a blocked one; any other fails the test with its own words. */
export function mustBeBlocked(outcome: Outcome): Extract<Outcome, { verdict: "blocked" }> {
  if (outcome.verdict !== "blocked") throw new Error(`${outcome.verdict}: ${outcome.why}`);
  return outcome;
}
