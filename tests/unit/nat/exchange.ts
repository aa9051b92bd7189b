import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { INSIDE, Laboratory, NAT, PEER } from "./laboratory.ts";
import type { PacketHost, Seen } from "./packets.ts";

/** Long enough for anything that comes at all, on links without delay. */
export const SILENCE_MS = 300;
export const PEER_PORT = 7000;
export const SYN_ACK = TCP_FLAG.syn + TCP_FLAG.ack;
export const RST_ACK = TCP_FLAG.rst + TCP_FLAG.ack;

/** Segments between a host inside and its peer through a NAT that forgets everything between two tests, on another port each. */
export class Exchange {
  lab!: Laboratory;
  inside!: PacketHost;
  outside!: PacketHost;
  port = 20_000;

  readonly outgoing = (flags: string, fields = {}): void =>
    this.inside.send({ from: [INSIDE, this.port], to: [PEER, PEER_PORT], flags, ...fields });

  readonly incoming = (flags: string, fields = {}): void =>
    this.outside.send({ from: [PEER, PEER_PORT], to: [NAT, this.port], flags, ...fields });

  readonly isTcp = (flags: number) => (packet: Seen) =>
    packet.tcp?.flags === flags && [packet.tcp.srcPort, packet.tcp.dstPort].includes(this.port as never);

  /** The inside host's SYN, seen outside. */
  readonly open = async (): Promise<void> => {
    this.outgoing("syn");
    expect(await this.outside.arrival(this.isTcp(TCP_FLAG.syn))).toMatchObject({ ip: { src: NAT } });
  };

  /** A whole handshake. */
  readonly establish = async (): Promise<void> => {
    await this.open();
    this.incoming("syn ack", { seq: 500, ack: 1001 });
    await this.inside.arrival(this.isTcp(SYN_ACK));
    this.outgoing("ack", { seq: 1001, ack: 501 });
    await this.outside.arrival(this.isTcp(TCP_FLAG.ack));
  };
}

/** Opens one for the tests of a `describe`, and closes it behind them. */
export function useExchange(): Exchange {
  const on = new Exchange();
  beforeAll(async () => {
    on.lab = await Laboratory.open();
    Object.assign(on, await on.lab.packetHosts());
  });
  afterAll(() => on.lab?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await on.lab.agent.call("conntrack-flush", {});
    on.port += 1;
  });
  return on;
}
