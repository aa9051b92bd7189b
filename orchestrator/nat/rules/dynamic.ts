/** Most elements of a set or map that packets write into: as many as there are ports. Beyond it the kernel takes no more. */
const MOST = 65_535;

/** What packets write into: a set or a map of nft, whose elements go with the rules, or when their time is over. */
interface Dynamic {
  readonly kind: "set" | "map";
  readonly name: string;
  /** nft's type of an element: `inet_service : ipv4_addr`. */
  readonly type: string;
  /** How long an element stays where the rule that writes it does not say; absent: each rule says so. */
  readonly timeoutS?: number | "never";
}

/** Its declaration. */
export function renderDynamic({ kind, name, type, timeoutS }: Dynamic): string {
  const lines = [
    `type ${type}`,
    `size ${MOST}`,
    "flags dynamic,timeout",
    ...(timeoutS === undefined ? [] : [`timeout ${timeoutS}s`]),
  ];
  return `${kind} ${name} {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
}
