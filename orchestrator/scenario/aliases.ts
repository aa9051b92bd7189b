import { isAlias, isMap, isNode, isScalar, isSeq, type Alias, type Document, type Node, type Pair } from "yaml";
import { shown, type Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";

/** Something wrong with an alias, or with what `<<` takes over. */
export interface AliasProblem extends Problem {
  /** In the text: a path does not lead to what cannot be resolved. */
  readonly offset: number;
}

/** What is known at a place of the text. */
interface Walk {
  readonly problems: AliasProblem[];
  /** The last node of each anchor. */
  readonly anchors: Map<string, Node>;
  /** How many values each anchored node stands for; none while it has not ended. */
  readonly sizes: Map<Node, number>;
  /** Values up to here, every alias replaced by what it stands for. */
  values: number;
}

/** Far more than any scenario has, and few enough to be checked in a moment. */
const MOST_VALUES = 1_000_000;

/** Everything that keeps a document without syntax errors from being turned into data. */
export function checkAliases(document: Document): AliasProblem[] {
  const walk: Walk = { problems: [], anchors: new Map(), sizes: new Map(), values: 0 };
  visitNode(walk, document.contents, []);
  return walk.problems;
}

function visitNode(walk: Walk, node: unknown, path: Problem["path"]): void {
  if (isAlias(node)) return visitAlias(walk, node, path);
  const before = walk.values++;
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) walk.anchors.set(anchor, node as Node);
  if (isSeq(node)) node.items.forEach((item, index) => visitNode(walk, item, [...path, index]));
  if (isMap(node)) for (const pair of node.items) visitPair(walk, pair, path);
  if (anchor !== undefined) walk.sizes.set(node as Node, walk.values - before);
}

function visitPair(walk: Walk, { key, value }: Pair, base: Problem["path"]): void {
  const merges = isScalar(key) && typeof key.value === "symbol";
  const path = [...base, merges ? "<<" : String(key)];
  visitNode(walk, key, base);
  visitNode(walk, value, path);
  if (!merges) return;
  const source = standsFor(walk, value);
  const taken = isSeq(source) ? source.items.map((item) => standsFor(walk, item)) : [source];
  const wrong = taken.find((one) => one !== UNKNOWN && !isMap(one));
  if (wrong === undefined) return;
  const received = isScalar(wrong) ? shown(wrong.value) : isSeq(wrong) ? "a list" : "nothing";
  complain(walk, isNode(value) ? value : key, path, `received ${received}, expected a mapping, or a list of mappings`);
}

function visitAlias(walk: Walk, alias: Alias, path: Problem["path"]): void {
  const { anchors, sizes, values } = walk;
  const source = anchors.get(alias.source);
  const size = source && sizes.get(source);
  walk.values += size ?? 1;
  if (!source) {
    const [near] = suggest(alias.source, [...anchors.keys()]);
    const hint = near === undefined ? "" : `; did you mean *${near}?`;
    complain(walk, alias, path, `no anchor &${alias.source} stands above this alias${hint}`);
  } else if (size === undefined) {
    complain(walk, alias, path, `the alias *${alias.source} is a part of what it stands for`);
  } else if (values <= MOST_VALUES && walk.values > MOST_VALUES) {
    complain(walk, alias, path, `with what *${alias.source} stands for, the file has more than ${MOST_VALUES} values`);
  }
}

/** An alias without an anchor, of which enough is said. */
const UNKNOWN = Symbol("unknown");

function standsFor({ anchors }: Walk, node: unknown): unknown {
  return isAlias(node) ? (anchors.get(node.source) ?? UNKNOWN) : node;
}

function complain({ problems }: Walk, node: Node, path: Problem["path"], message: string): void {
  problems.push({ path, message, offset: node.range?.[0] ?? 0 });
}
