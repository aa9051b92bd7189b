/**
 * A host of a test network without a stack of its own: sends the IP packets that stdin names (a line of hex each) and prints every
 * packet that its interfaces carry, `in` or `out` and hex.
 */
import { createInterface } from "node:readline";
import { u32ToIpv4 } from "../../../wire/address.ts";
import { PacketSocket } from "../../../agents/net/packet-socket.ts";
import { watchReadable } from "../../../agents/net/poll.ts";
import { RawSocket } from "../../../agents/net/raw-socket.ts";

const packets = new PacketSocket();
const raw = new RawSocket();

watchReadable(packets.fd, () =>
  packets.drain(({ direction, bytes }) => console.log(`${direction} ${Buffer.from(bytes).toString("hex")}`)),
);
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const bytes = Buffer.from(line, "hex");
    raw.send(bytes, u32ToIpv4(bytes.readUInt32BE(16)));
  })
  .on("close", () => process.exit());
console.log("ready");
