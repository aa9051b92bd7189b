/** A piece of XML that is well-formed whatever it was made of. */
export interface Xml {
  readonly text: string;
}

/** An element with attributes and either text or elements in it. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: string | readonly Xml[] = "",
): Xml {
  const inside = typeof content === "string" ? escapedText(content) : content.map((one) => `\n${one.text}`).join("");
  const opening = [
    name,
    ...Object.entries(attributes).map(([key, value]) => `${key}="${escapedAttribute(String(value))}"`),
  ].join(" ");
  if (inside === "") return { text: `<${opening}/>` };
  return { text: `<${opening}>${inside}${typeof content === "string" ? "" : "\n"}</${name}>` };
}

/** XML 1.0 section 2.2 allows no control character but these three, not even as a reference, no lone surrogate and no U+FFFE or U+FFFF. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function escapedText(text: string): string {
  return text.replace(FORBIDDEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`).replace(/[&<>\r]/g, reference);
}

/** In attributes line ends and tabs would be read as blanks (section 3.3.3). */
function escapedAttribute(text: string): string {
  return escapedText(text).replace(/["'\t\n]/g, reference);
}

const reference = (char: string): string => `&#${char.charCodeAt(0)};`;
