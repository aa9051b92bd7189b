import type { Fingerprint, StrangerSyn } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { skipped, type PacketGround } from "./ground.ts";
import { knock, synFromX } from "./knock.ts";
import { after, fromX, openEstablished, type Established } from "./mapping.ts";

/** Beyond any window, on the side that is still to come. */
const FAR = 0x2000_0000;

type OnConnection = Pick<Fingerprint, "strangers" | "outOfWindow" | "sequence">;

/** What needs an established connection: strangers' SYNs to its port, a segment outside its window, its sequence numbers. */
export async function testConnection(ground: PacketGround, strangerListenMs: number): Promise<OnConnection> {
  const open = await openEstablished(ground);
  if (!open) {
    const none = skipped("no connection to X came about");
    return { strangers: none, outOfWindow: none, sequence: none };
  }
  try {
    const { isn: isnSent, isnSeen, ackArrived } = open;
    const [probes, outOfWindow] = await Promise.all([
      knockAsStrangers(ground, open, strangerListenMs),
      knockOutsideWindow(ground, open),
    ]);
    return {
      strangers: { ran: true, probes },
      outOfWindow: { ran: true, arrived: outOfWindow },
      sequence: { ran: true, isnSent, isnSeen, ackArrived },
    };
  } finally {
    open.socket.destroy();
  }
}

async function knockAsStrangers(
  ground: PacketGround,
  { local, outside }: Established,
  listenMs: number,
): Promise<readonly StrangerSyn[]> {
  const strangers = [
    ["same-address-other-port", ground.line.endpoint(0, ground.ports.silent())],
    ["other-address", ground.line.endpoint(1, ground.ports.silent())],
  ] as const;
  const probes = strangers.map(async ([from, endpoint]) => {
    if (!endpoint) return [];
    const errand = synFromX(ground, endpoint, outside.port);
    return [{ from, ...(await knock(ground, errand, { localPort: local.port, listenMs })) }];
  });
  return (await Promise.all(probes)).flat();
}

async function knockOutsideWindow(ground: PacketGround, open: Established): Promise<boolean> {
  const errand = fromX(open, {
    flags: TCP_FLAG.ack,
    seq: after(open.xIsn, FAR),
    ack: after(open.isnSeen, 1),
    bytes: 4,
  });
  const { arrived } = await knock(ground, errand, { localPort: open.local.port, listenMs: ground.silenceMs });
  return arrived;
}
