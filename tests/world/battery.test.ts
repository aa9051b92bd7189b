import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { NATS } from "../../orchestrator/nat/catalogue.ts";
import { compareModel } from "../../orchestrator/nat/compare.ts";
import { FAST_TIMERS, scaledModel, type DeclaredNat, type Examination } from "../../orchestrator/nat/examination.ts";
import { findingLines } from "../../orchestrator/nat/findings.ts";
import { completeModel, type NatModel, type PartialModel } from "../../orchestrator/nat/model.ts";
import { renderNatModels } from "../../orchestrator/report/nat-markdown.ts";
import { examineAtOnce } from "../../orchestrator/run/examine.ts";
import { WorldPool } from "../kit/world-pool.ts";

const noEngine = inject("noEngine");
const UPPER = { kind: "random", range: { from: 32_768, to: 65_535 } } as const;
const DOCS = new URL("../../docs/nat-models.md", import.meta.url);
const CATALOGUE = Object.entries(NATS).map(([name, { axes }]): DeclaredNat => ({ name, model: completeModel(axes) }));
/** As many at a time as three worlds have sides. */
const AT_ONCE = 6;
/** Two batteries, each looked at twice. */
const WITHIN_MS = 240_000;

interface Misdeclared {
  readonly name: string;
  readonly real: PartialModel;
  readonly declared: PartialModel;
  readonly mismatch: RegExp;
}
/** On axes that only the whole battery reaches. */
const MISDECLARED: readonly Misdeclared[] = [
  {
    name: "a port block as none",
    real: { ports: UPPER, blockSize: 256 },
    declared: { ports: UPPER },
    mismatch: /^blockSize: declared 32768 ports, measured an end after 2\d\d /,
  },
  {
    name: "a smaller port block",
    real: { ports: UPPER, blockSize: 64 },
    declared: { ports: UPPER, blockSize: 512 },
    mismatch: /^blockSize: declared 512 ports, measured an end after \d\d /,
  },
  {
    name: "silence as RFC 5382's patience",
    real: {},
    declared: { unsolicitedSyn: { kind: "delayed-icmp", afterMs: 4000 }, wrongPeerSyn: "drop" },
    mismatch: /^unsolicitedSyn: declared delayed-icmp after 4\.0 s, measured drop /,
  },
  {
    name: "parity kept as not kept",
    real: { ports: { ...UPPER, parity: true } },
    declared: { ports: UPPER },
    mismatch: /^parity of ports: declared not kept, measured kept /,
  },
  {
    name: "a short timeout of unanswered SYNs",
    real: { timeouts: { synSentS: 60 } },
    declared: { timeouts: { synSentS: 240 } },
    mismatch: /^timeouts\.synSentS: declared 4 s, measured 0\.5 to 1\.5 s /,
  },
  {
    name: "a short timeout of connections",
    real: { timeouts: { establishedS: 300 } },
    declared: { timeouts: { establishedS: 7440 } },
    mismatch: /^timeouts\.establishedS: declared 124 s, measured 4\.5 to 6\.5 s /,
  },
  {
    name: "a long timeout of closed connections",
    real: { timeouts: { closingS: 240 } },
    declared: { timeouts: { closingS: 120 } },
    mismatch: /^timeouts\.closingS: declared 2 s, measured 3\.5 to 4\.5 s /,
  },
];

describe.skipIf(noEngine)("the whole battery", () => {
  let pool: WorldPool;
  const examinations: Examination[] = [];

  beforeAll(async () => {
    pool = await WorldPool.open("battery", AT_ONCE / 2);
  });
  afterAll(() => pool?.[Symbol.asyncDispose]());

  const measure = (nats: readonly DeclaredNat[]) => examineAtOnce(pool.worlds, nats, { timers: FAST_TIMERS, seed: 1 });

  it.each(someOf(CATALOGUE))(
    "measures %s as what they say, every axis",
    async (_, nats) => {
      const examined = await measure(nats);
      examinations.push(...examined);
      for (const { name, mismatches, found } of examined) {
        expect(mismatches, name).toEqual([]);
        const open = findingLines(found).filter(({ value }) => value === undefined);
        // A filter that lets everybody in refuses nobody.
        expect(
          open.filter(({ axis }) => axis !== "wrongPeerSyn"),
          name,
        ).toEqual([]);
      }
    },
    WITHIN_MS,
  );

  it("gives docs/nat-models.md, which `make nat-docs` writes", async () => {
    const rendered = renderNatModels(examinations, NATS);
    const written = await readFile(DOCS, "utf8");
    const known = new Set(written.split("\n"));
    expect(rendered.split("\n").filter((line) => !known.has(line))).toEqual([]);
    expect(rendered).toBe(written);
  });

  it.each(someOf(MISDECLARED))(
    "catches %s",
    async (_, some) => {
      const examined = await measure(some.map(({ name, real }) => ({ name, model: modelOf(real) })));
      for (const [at, { name, declared, mismatch }] of some.entries()) {
        expect(examined[at]?.mismatches, name).toEqual([]);
        const stated = scaledModel({ model: modelOf(declared), timers: FAST_TIMERS });
        expect(examined[at] && compareModel(stated, examined[at].found)).toEqual([expect.stringMatching(mismatch)]);
      }
    },
    WITHIN_MS,
  );
});

function modelOf(axes: PartialModel): NatModel {
  return completeModel({ ports: { kind: "preserve" }, ...axes });
}

/** So many at a time, with their names. */
function someOf<T extends { readonly name: string }>(all: readonly T[]): [names: string, some: readonly T[]][] {
  const chunks = all.flatMap((_, at) => (at % AT_ONCE === 0 ? [all.slice(at, at + AT_ONCE)] : []));
  return chunks.map((some) => [some.map(({ name }) => name).join(", "), some]);
}
