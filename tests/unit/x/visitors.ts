import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { u32ToIpv4 } from "../../../wire/address.ts";
import { PacketSocket } from "../../../agents/net/packet-socket.ts";
import { watchReadable } from "../../../agents/net/poll.ts";
import { X_ADDRESS, type VisitorEvent, type VisitorOrder } from "./orders.ts";

/**
 * Hosts that visit an X over the loopback interface of a network namespace: connects, says and leaves as it is told on standard
 * input, and tells what came back, and of every SYN+ACK that came from elsewhere than X: as nobody listens there, it is forged.
 */
const streams = new Map<number, Socket>();
const tell = (event: VisitorEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const SYN_ACK = 0x12;

const sniffer = new PacketSocket();
watchReadable(sniffer.fd, look);
tell({ event: "ready" });

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line) as VisitorOrder))
  .on("close", () => process.exit());

function obey(order: VisitorOrder): void {
  switch (order.order) {
    case "visit":
      return visit(order.id, order);
    case "say":
      return void streams.get(order.id)?.write(Buffer.from(order.hex, "hex"));
    case "leave":
      return void streams.get(order.id)?.resetAndDestroy();
    case "end":
      return void streams.get(order.id)?.end();
    case "look":
      look();
      return tell({ event: "looked" });
  }
}

function visit(id: number, { from, to, port }: Extract<VisitorOrder, { order: "visit" }>): void {
  const stream = connect({ host: to, port, localAddress: from, noDelay: true });
  streams.set(id, stream);
  stream.on("connect", () => tell({ event: "connected", id }));
  stream.on("data", (chunk: Buffer) => tell({ event: "heard", id, text: chunk.toString("latin1") }));
  const gone = (): void => {
    streams.delete(id);
    tell({ event: "closed", id });
  };
  // Node forgets `close` where a reset meets a shutdown that is under way (EINVAL)
  stream.on("error", gone).on("close", gone);
}

function look(): void {
  sniffer.drain(({ direction, view, start }) => {
    const tcp = start + (view.getUint8(start) & 0xf) * 4;
    if (direction !== "in" || view.getUint8(start + 9) !== 6 || (view.getUint8(tcp + 13) & 0x3f) !== SYN_ACK) return;
    const [src, dst] = [u32ToIpv4(view.getUint32(start + 12)), u32ToIpv4(view.getUint32(start + 16))];
    if (src !== X_ADDRESS) tell({ event: "forged", src, dst });
  });
}
