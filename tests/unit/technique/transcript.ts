import { formatEndpoint, type Endpoint } from "../../../wire/address.ts";
import type { HostMessage, SynReport, XMessage } from "../../../wire/rendezvous.ts";
import type { HostAction, XAction } from "../../../agents/technique/machine.ts";

/** What a host does, in the words of a transcript. */
export function describeHost(action: HostAction): string {
  switch (action.kind) {
    case "tell":
      return `tells ${describeMessage(action.message)}`;
    case "connect": {
      const ttl = action.ttl === undefined ? "" : ` ttl ${action.ttl}`;
      const way = action.byWayOfX ? " by way of x" : "";
      return `connects ${action.localPort} → ${formatEndpoint(action.to)}${ttl}${way}`;
    }
    case "listen":
      return `listens ${action.localPort}`;
    case "answer-syn":
      return `answers SYN isn ${action.syn.isn}`;
    case "answer-met":
      return `answers ${formatEndpoint(action.to)} from ${action.localPort} seq ${action.own.isn} ack ${action.peer.isn}+1`;
    case "copy-syn":
      return `copies its SYN with ttl ${action.ttl}`;
    case "draw-ports":
      return `draws ${action.count} ports of ${action.of}`;
    case "set-ttl":
      return `set-ttl ${action.ttl}`;
    case "flood":
      return `floods ${formatEndpoint(action.to)} × ${action.count} ttl ${action.ttl}`;
    case "watch-sweep":
      return `watches ${action.localPort} for a ${action.shifted ? "shifted " : ""}sweep from ${formatEndpoint(action.from)}`;
    case "inject":
      return `injects ${action.localPort} → ${formatEndpoint(action.to)} seq ${action.own.isn}+1 ack ${action.peer.isn}+1`;
    case "spray-syns":
      return `sprays ${formatEndpoint(action.to)} × ${action.count}${action.ttl === undefined ? "" : ` ttl ${action.ttl}`}`;
    case "searched":
      return `searched with ${action.packets} packets`;
    case "mute-resets":
      return `mutes resets to ${action.towards.ip}`;
    case "wait":
      return `waits ${action.ms} for ${action.timer}`;
    case "give-up":
      return `gives up: ${action.failure}`;
    default:
      return action.kind;
  }
}

/** What X does. */
export function describeX(action: XAction): string {
  switch (action.kind) {
    case "tell":
      return `tells ${action.to} ${describeMessage(action.message)}`;
    case "forge-syn-ack":
      return `forges ${formatEndpoint(action.from)} → ${formatEndpoint(action.to)} seq ${action.of.isn} ack ${action.syn.isn}+1`;
    case "spray":
      return `sprays ${formatEndpoint(action.from)} → ${action.to} × ${action.count} ack ${action.isn}+1`;
    case "sweep":
      return `sweeps ${formatEndpoint(action.from)} → ${action.to} ports ${action.first}+${action.count} ack ${action.isn}+1`;
    case "wait":
      return `waits ${action.ms} for ${action.timer}`;
    case "watch-routed-syns":
      return action.kind;
  }
}

function describeMessage(message: HostMessage | XMessage): string {
  const { t, ...rest } = message;
  const values = Object.values(rest).map((value: unknown) => {
    if (typeof value !== "object" || value === null) return String(value);
    return "port" in value ? formatEndpoint(value as Endpoint) : `isn ${(value as SynReport).isn}`;
  });
  return [t, ...values].join(" ");
}
