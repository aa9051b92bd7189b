/** One captured packet, from the IP header on. */
export interface CapturedPacket {
  /** Index into the capture's list of interfaces. */
  readonly iface: number;
  readonly direction: "in" | "out";
  /** Microseconds since the epoch. */
  readonly atUs: number;
  /** Length on the wire; `bytes` may be shorter. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

const AT = { iface: 0, direction: 1, captured: 2, length: 4, atUs: 8 } as const;
const HEADER = 16;

/** Packs packets for the control channel: fixed little-endian header, then the captured bytes. */
export function packPackets(packets: readonly CapturedPacket[]): Uint8Array {
  const bytes = new Uint8Array(packets.reduce((sum, packet) => sum + HEADER + packet.bytes.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const packet of packets) {
    view.setUint8(offset + AT.iface, packet.iface);
    view.setUint8(offset + AT.direction, packet.direction === "out" ? 1 : 0);
    view.setUint16(offset + AT.captured, packet.bytes.length, true);
    view.setUint32(offset + AT.length, packet.length, true);
    view.setFloat64(offset + AT.atUs, packet.atUs, true);
    bytes.set(packet.bytes, offset + HEADER);
    offset += HEADER + packet.bytes.length;
  }
  return bytes;
}

/** The inverse of packPackets; a record that is cut off ends the list. */
export function unpackPackets(bytes: Uint8Array): readonly CapturedPacket[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: CapturedPacket[] = [];
  let offset = 0;
  while (offset + HEADER <= bytes.length) {
    const end = offset + HEADER + view.getUint16(offset + AT.captured, true);
    if (end > bytes.length) break;
    packets.push({
      iface: view.getUint8(offset + AT.iface),
      direction: view.getUint8(offset + AT.direction) === 1 ? "out" : "in",
      atUs: view.getFloat64(offset + AT.atUs, true),
      length: view.getUint32(offset + AT.length, true),
      bytes: bytes.subarray(offset + HEADER, end),
    });
    offset = end;
  }
  return packets;
}
