import type { TechniqueSpec } from "../../../wire/control.ts";
import type { HostMessage } from "../../../wire/rendezvous.ts";
import { STRANGER } from "../nat/laboratory.ts";
import { ipv4, port } from "../../../wire/address.ts";
import { PEER_PORT } from "./meeting.ts";

const punch = { predictionOffset: 0, gapMs: 0, skewMs: 0 };

/** What a peer says after its hello when all goes well, up to the end: these words lead the host through all of its phases. */
export interface Course {
  readonly technique: TechniqueSpec;
  readonly host: "a" | "b";
  readonly words: readonly HostMessage[];
}

const endpoint = { ip: ipv4(STRANGER), port: port(PEER_PORT) };
const ready: HostMessage = { t: "ready", endpoint };
const syn: HostMessage = {
  t: "syn",
  syn: { isn: 1, window: 64_240, mss: 1460, windowScale: 7, sackPermitted: true, tsval: 1 },
};
const waiting: HostMessage = { t: "waiting" };

/** Every technique whose host can be led by words alone, on the side that waits most. */
export const COURSES: readonly Course[] = [
  { technique: { name: "connect" }, host: "a", words: [ready] },
  { technique: { name: "relay" }, host: "a", words: [] },
  { technique: { name: "simultaneous-open", syn: "normal", retryMs: 200, ...punch }, host: "a", words: [ready] },
  { technique: { name: "p2pnat", retryMs: 200, ...punch }, host: "a", words: [ready] },
  { technique: { name: "sequential-open", doomedMs: 50, ...punch }, host: "a", words: [ready] },
  { technique: { name: "stunt-2", syn: "normal", socket: "kept", ...punch }, host: "b", words: [ready, waiting] },
  { technique: { name: "natblaster-2", syn: "normal", synAck: "x", ...punch }, host: "a", words: [ready, syn] },
  {
    technique: { name: "natblaster-4", search: "birthday", syns: 50, ...punch },
    host: "b",
    words: [{ t: "hit", endpoint }, syn],
  },
];
