import recording from "../fixtures/netlink/kernel.json" with { type: "json" };
import { splitNetlink, type NetlinkMessage } from "../../wire/netlink.ts";
import { hex } from "./codec.ts";

/** Messages that a Linux kernel sent, recorded by tests/fixtures/netlink/record.ts. */
export function recorded(what: keyof typeof recording): NetlinkMessage[] {
  return recording[what].flatMap((datagram) => {
    const { messages, rest } = splitNetlink(hex(datagram));
    if (rest.length > 0) throw new Error(`${what}: ${rest.length} bytes left over`);
    return messages;
  });
}
