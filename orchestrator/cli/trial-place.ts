import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { NatbedError } from "../errors.ts";
import { suggest } from "../scenario/suggest.ts";

/**
 * The directory of the trial that `given` names: itself, a trial of the cell that it names, or of the only cell of a run. RUN/CELL stands for
 * RUN/cells/CELL, and a run may be named by its id. Throws NatbedError `no-such-trial`.
 */
export function trialPlace(given: string): string {
  const path = given.replace(/\/+$/, "");
  const places = [path, join("runs", path)];
  return places.map(trialAt).find((place) => place !== undefined) ?? refuse(given, places);
}

function trialAt(path: string): string | undefined {
  if (isTrial(basename(path)))
    return cellsAt(dirname(path))
      .map((cell) => join(cell, basename(path)))
      .find((trial) => namesIn(trial) !== undefined);
  const [only, another] = namesIn(join(path, "cells")) ?? [];
  const cells = only !== undefined && another === undefined ? [join(path, "cells", only)] : cellsAt(path);
  return cells.map(trialOf).find((trial) => trial !== undefined);
}

const cellsAt = (path: string): readonly string[] => [path, join(dirname(path), "cells", basename(path))];

const isTrial = (name: string): boolean => /^trial-\d+$/.test(name);

/** Of a cell's trials the first that came out as the cell did. */
function trialOf(cell: string): string | undefined {
  const trials = (namesIn(cell) ?? []).filter(isTrial).sort((one, other) => numberOf(one) - numberOf(other));
  const result = outcomeIn(join(cell, "result.json"));
  const alike = trials.find((trial) => {
    const outcome = outcomeIn(join(cell, trial, "outcome.json"));
    return result !== undefined && outcome?.verdict === result.verdict && outcome?.cause === result.cause;
  });
  const chosen = alike ?? trials[0];
  return chosen === undefined ? undefined : join(cell, chosen);
}

const numberOf = (trial: string): number => Number(trial.slice("trial-".length));

function outcomeIn(path: string): { readonly verdict?: unknown; readonly cause?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { verdict?: unknown; cause?: unknown };
  } catch {
    return undefined; // of a run that was killed it may be missing or cut
  }
}

function namesIn(dir: string): string[] | undefined {
  try {
    return readdirSync(dir).sort();
  } catch {
    return undefined;
  }
}

function refuse(given: string, places: readonly string[]): never {
  const runs = places.flatMap((place) => [place, dirname(place)]);
  const run = runs.find((one) => namesIn(join(one, "cells")) !== undefined);
  const cells = run === undefined ? [] : (namesIn(join(run, "cells")) ?? []);
  const near = suggest(basename(given), cells, 3);
  const shown = (near.length > 0 ? near : cells).slice(0, 3).map((cell) => `${run}/${cell}`);
  throw new NatbedError(`${given} names no trial`, {
    kind: "usage",
    code: "no-such-trial",
    hint:
      shown.length > 0
        ? `name one of the run's cells: ${shown.join("  ")}`
        : "name a cell of a run, such as runs/<id>/<cell>, or one of its trials",
  });
}
