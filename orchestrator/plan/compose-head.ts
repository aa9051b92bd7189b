import type { WorldShape } from "./shape.ts";

const USE = `docker compose -f FILE up --wait -d     brings it up (compose 2.23.1 or newer; the image comes from natbed's \`make setup\`)
docker compose -f FILE exec a bash -c 'exec 3<>/dev/tcp/$NATBED_X/7001; head -n 1 <&3'     where x sees a connection of a's come from
docker compose -f FILE exec na conntrack -L     what na has mapped
docker compose -f FILE exec a node agents/attempt.js NAME SEED     a's part of a traversal attempt; b's at the same time, with the same words
docker compose -f FILE down     removes it, and so does \`natbed down --all\`

A container that was started anew alone has lost its links: \`up --force-recreate --wait -d\` renews all, after a change of this file too.`;

/** What a compose file's first lines say: which nodes there are, how they are linked, and what to do with the file. */
export function headOf(shape: WorldShape): string {
  return `${shape.carriers.some((id) => id === "c") ? sharedMap() : chainMap(shape.carriers)}${neighbours(shape)}\n\n${USE}`;
}

function chainMap(carriers: WorldShape["carriers"]): string {
  const [before, behind] = [
    carriers.some((id) => id === "ca") ? "ca ── " : "",
    carriers.some((id) => id === "cb") ? " ── cb" : "",
  ];
  const left = `a ── na ── ${before}`;
  const map = `${left}r${behind} ── nb ── b`;
  const indent = " ".repeat(left.length);
  const words = carriers.length > 0 ? `, ${carriers.join(" and ")} their carriers'` : "";
  const tail = " ".repeat(map.length - left.length + 3);
  return `${map}    hosts a and b behind their NATs na and nb${words}, a router r, and a helper x outside, linked by r.
${indent}│${tail}They have no other network. Rules and addresses are at the end of this file.
${indent}x`;
}

function sharedMap(): string {
  return `a ── na ── c ── nb ── b    hosts a and b behind their NATs na and nb, both subscribers of the carrier c, a router r that links
           │               all, and a helper x outside. They have no other network. Rules and addresses are at the end of this file.
           r ── x`;
}

function neighbours({ neighbours }: WorldShape): string {
  if (neighbours.length === 0) return "";
  const beside = neighbours.map((side) => `${side}2 beside ${side}`).join(", ");
  return `\nHosts that share a NAT: ${beside}.`;
}
