/** An element as it was written, its text between the elements put together. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** What XML 1.0 allows (section 2.2), as one character class. */
const ALLOWED = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;
const TOKEN = /<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;

/** Reads XML without comments, entities of its own and namespaces; throws at whatever is not well-formed. */
export function parseXml(source: string): XmlElement {
  if (!ALLOWED.test(source)) throw new Error("a character that XML does not have");
  const body = source.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  const root = open("", "");
  const path = [root];
  let at = 0;
  for (const [token, closing, name = "", attributes = "", empty, text] of body.matchAll(TOKEN)) {
    at += token.length;
    const top = path.at(-1)!;
    if (text !== undefined) top.text += decoded(text);
    else if (closing) {
      if (top.name !== name) throw new Error(`</${name}> ends <${top.name}>`);
      path.pop();
    } else {
      const element = open(name, attributes);
      top.children.push(element);
      if (!empty) path.push(element);
    }
  }
  if (at !== body.length) throw new Error(`no XML at ${JSON.stringify(body.slice(at, at + 60))}`);
  const [only, ...others] = root.children;
  if (path.length !== 1 || !only || others.length > 0) throw new Error("not one element");
  return only;
}

interface Open extends XmlElement {
  readonly children: Open[];
  text: string;
}

function open(name: string, attributes: string): Open {
  const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(
    ([, key, value]) => [key!, decoded(value!)] as const,
  );
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error(`an attribute twice in <${name}>`);
  return { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
}

function decoded(text: string): string {
  return text.replaceAll(/&(?:#(\d+);)?/g, (_, code?: string) => {
    if (code === undefined) throw new Error(`an ampersand that begins nothing in ${text}`);
    return String.fromCodePoint(Number(code));
  });
}
