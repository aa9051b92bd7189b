import type { Observation, Operations } from "../../wire/control.ts";
import { decodeIcmp } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4 } from "../../wire/ipv4.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import type { Recorder } from "../capture.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import { PORTS_PER_TEST, testPrediction } from "./prediction.ts";

type Parameters = Operations["observe"]["parameters"];

/** What this host can see of its own NAT with real connections to X: port allocation, and whether ICMP errors come back. */
export async function observe({ x, localPort, lowTtl, waitMs }: Parameters, recorder: Recorder): Promise<Observation> {
  const sockets: TcpSocket[] = [];
  const keep = (socket: TcpSocket): number => sockets.push(socket);
  try {
    const { consecutive, repeated, allocation } = await testPrediction(x, localPort, keep);
    const probe = { x, localPort: localPort + PORTS_PER_TEST, ttl: lowTtl };
    const timeExceededArrived = await seesTimeExceeded(probe, { recorder, waitMs, keep });
    return { mappings: [...consecutive, repeated], allocation, timeExceededArrived };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

interface Watch {
  readonly recorder: Recorder;
  readonly waitMs: number;
  readonly keep: (socket: TcpSocket) => void;
}

/** Sends a SYN that dies on the way to X and waits for the router's answer. */
function seesTimeExceeded(probe: { x: string; localPort: number; ttl: number }, watch: Watch): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (arrived: boolean): void => {
      clearTimeout(timer);
      stop();
      resolve(arrived);
    };
    const timer = setTimeout(finish, watch.waitMs, false);
    const stop = watch.recorder.tap((packet) => {
      if (packet.direction === "in" && isTimeExceeded(packet.bytes, probe.localPort)) finish(true);
    });
    const socket = new TcpSocket({ localPort: probe.localPort, ttl: probe.ttl });
    watch.keep(socket);
    socket.connect(probe.x, X_PORTS.probes[0]).catch(() => {}); // it dies by design; the ICMP is what counts
  });
}

function isTimeExceeded(bytes: Uint8Array, localPort: number): boolean {
  const packet = decodeIpv4(bytes);
  if (!packet.ok || packet.value.protocol !== PROTOCOL.icmp) return false;
  const icmp = decodeIcmp(packet.value.payload);
  if (!icmp.ok || icmp.value.kind !== "time-exceeded" || !icmp.value.original.ok) return false;
  const { transport } = icmp.value.original.value;
  return transport.kind === "tcp" && transport.srcPort === localPort;
}
