import { fieldsOf } from "./packet-fields.ts";

interface Shown {
  readonly hex: string;
  /** The packet where it was seen first: what differs is marked. */
  readonly sent: string | undefined;
}

/** Header fields and bytes of a packet at one place. */
export function PacketView({ hex, sent }: Shown) {
  const earlier = new Map(sent === undefined ? [] : fieldsOf(bytesOf(sent)).map(({ name, value }) => [name, value]));
  return (
    <div class="packet-view">
      <dl>
        {fieldsOf(bytesOf(hex)).map(({ name, value }) => {
          const was = earlier.get(name);
          const changed = sent !== undefined && was !== value;
          return (
            <div key={name} class={changed ? "changed" : undefined}>
              <dt>{name}</dt>
              <dd>
                {value}
                {changed && was !== undefined && <small> was {was}</small>}
              </dd>
            </div>
          );
        })}
      </dl>
      <pre class="hex" tabIndex={0} aria-label="Bytes in hexadecimal">
        {linesOf(hex, sent)}
      </pre>
    </div>
  );
}

const PER_LINE = 16;

/** Offset, bytes, and their ASCII characters; bytes that differ from those sent are marked. */
function linesOf(hex: string, sent: string | undefined) {
  const bytes = bytesOf(hex);
  const earlier = sent === undefined ? undefined : bytesOf(sent);
  return Array.from({ length: Math.ceil(bytes.length / PER_LINE) }, (_, line) => {
    const part = [...bytes.subarray(line * PER_LINE, (line + 1) * PER_LINE)];
    const ascii = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    return (
      <span key={line}>
        <i>{(line * PER_LINE).toString(16).padStart(4, "0")}</i>{" "}
        {part.map((byte, at) => {
          const text = byte.toString(16).padStart(2, "0");
          const changed = earlier && earlier[line * PER_LINE + at] !== byte;
          return (
            <>
              {changed ? <mark>{text}</mark> : text}
              {at === 7 ? "  " : " "}
            </>
          );
        })}
        {" ".repeat((PER_LINE - part.length) * 3 + (part.length < 8 ? 1 : 0))} {ascii}
        {"\n"}
      </span>
    );
  });
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}
