import type { Tested } from "../../wire/fingerprint.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import { skipped, type Ground } from "./ground.ts";

/** Connections made at a time: X's backlog takes them. */
const BATCH = 64;
/** A connection that takes longer found no port; longer than the kernel's first retransmission. */
const CONNECT_WITHIN_MS = 1_500;

/** Opens connections to one endpoint of X and holds them, until so many are open or some fail: a NAT that runs out of ports shows. */
export async function testCapacity(
  { line }: Ground,
  most: number,
): Promise<Tested<{ readonly tried: number; readonly opened: number }>> {
  const target = line.endpoint(0, line.welcome.probes[0] ?? 0);
  if (!target) return skipped("X has no probe port");
  const sockets: TcpSocket[] = [];
  const open = async (): Promise<boolean> => {
    const socket = new TcpSocket({ localPort: 0 });
    sockets.push(socket);
    const late = new Promise<false>((resolve) => setTimeout(resolve, CONNECT_WITHIN_MS, false).unref());
    const connected = socket.connect(target.ip, target.port).then(
      () => true,
      () => false,
    );
    return Promise.race([connected, late]);
  };
  try {
    let opened = 0;
    while (sockets.length < most && opened === sockets.length) {
      const batch = Math.min(BATCH, most - sockets.length);
      const outcomes = await Promise.all(Array.from({ length: batch }, open));
      opened += outcomes.filter(Boolean).length;
    }
    return { ran: true, tried: sockets.length, opened };
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EMFILE" || code === "ENFILE") return skipped(`too few file descriptors (${code})`);
    throw error;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}
