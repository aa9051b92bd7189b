import { unreachable } from "../../errors.ts";
import type { GatewayDuties } from "../../../wire/control.ts";
import type { Fragment } from "../fragment.ts";
import { sameRefusal, type NatModel, type SynRefusal } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { MAPPED } from "./recorder.ts";

const ANSWER_QUEUE = 2;
/** The NAT's agent has held the SYN for long enough. */
const HELD_MARK = 0x4e42feed;
/** The SYN came to a mapping's port, but not from a peer that the mapping admits. */
const WRONG_PEER_MARK = "0x4e420001";

/**
 * Only what no mapping admits reaches INPUT. Without a rule it meets no socket, and the box's own stack answers with RST. SYNs from inside
 * to the outside address are answered alike (RFC 5382 REQ-8: they count as if they came from outside).
 */
export function unsolicitedRules({ unsolicitedSyn, wrongPeerSyn }: NatModel, place: GatewayPlace): Fragment {
  const incoming = `-d ${place.outsideAddress} -p tcp`;
  const answers = unsolicitedSyn === "reset" ? [] : answer(unsolicitedSyn, incoming);
  const duties = answerDuty(unsolicitedSyn) ?? answerDuty(wrongPeerSyn) ?? {};
  if (sameRefusal(unsolicitedSyn, wrongPeerSyn)) return { iptables: { "filter INPUT": answers }, duties };
  const wrongPeer = `${incoming} -m mark --mark ${WRONG_PEER_MARK}`;
  return {
    iptables: { "filter INPUT": [...answer(wrongPeerSyn, wrongPeer), ...answers] },
    duties,
    nft: { input: [`ip daddr ${place.outsideAddress} tcp dport @${MAPPED} meta mark set ${WRONG_PEER_MARK}`] },
  };
}

/** Rules for what matches `incoming`, whatever rules stand behind them. */
function answer(refusal: SynRefusal, incoming: string): string[] {
  const rest = `${incoming} -j DROP`;
  switch (refusal) {
    case "drop":
      return [rest];
    case "reset":
      return [`${incoming} -j ACCEPT`];
    case "port-unreachable":
    case "admin-prohibited":
      return [`${incoming} --syn -j REJECT --reject-with icmp-${refusal}`, rest];
    default:
      return delayed(refusal, incoming, rest);
  }
}

/** The agent holds the SYN, and then lets it go through INPUT once more with the mark, or drops it. */
function delayed({ kind }: Exclude<SynRefusal, string>, incoming: string, rest: string): string[] {
  if (kind !== "delayed-icmp") return unreachable(kind);
  const held = `-p tcp -m mark --mark 0x${HELD_MARK.toString(16)} -j REJECT --reject-with icmp-port-unreachable`;
  return [held, `${incoming} --syn -j NFQUEUE --queue-num ${ANSWER_QUEUE}`, rest];
}

function answerDuty(refusal: SynRefusal): GatewayDuties | undefined {
  if (typeof refusal === "string") return undefined;
  return { delayedAnswer: { queue: ANSWER_QUEUE, afterMs: refusal.afterMs, mark: HELD_MARK } };
}
