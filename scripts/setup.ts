/**
 * Second half of the set-up (after setup.sh): engine and image. Each step is announced in one line with its time; a step whose result is
 * there costs milliseconds. Argument `test` adds what only the tests need; with `report` there is no engine, and no need of root.
 */
import { argv, echo } from "zx";
import { renderError } from "../orchestrator/errors.ts";
import {
  buildImage,
  findEngine,
  imageRuns,
  imageState,
  imageTag,
  installPackages,
  onPath,
  renewPrivateEngine,
  startPrivateEngine,
  storeIsDamaged,
  unreachableEngine,
  type Engine,
} from "../orchestrator/engine/index.ts";
import { buildViewer } from "./viewer.ts";

interface Result<T> {
  readonly value: T;
  readonly words: string;
}

const ENGINE_PACKAGES = [
  { program: "dockerd", name: "docker.io" },
  { program: "iptables", name: "iptables" },
];
/** What only tests need, and the variable that says that they may not be skipped. */
const TEST_PACKAGES = [
  { program: "tshark", name: "tshark", required: "REQUIRE_TSHARK" },
  // Ubuntu's package is a snap, its runners have another browser of the kind
  { program: onPath("google-chrome") ? "google-chrome" : "chromium", name: "chromium", required: "REQUIRE_CHROMIUM" },
];

try {
  if (argv._[0] === "test") await announced("tests", prepareTests);
  await announced("viewer", async () => ({
    value: undefined,
    words: `the report page's program is ${await buildViewer()}`,
  }));
  if (argv._[0] !== "report") {
    const { engine, isFresh } = await announced("engine", prepareEngine);
    await announced("image", () => prepareImage(engine, isFresh));
  }
} catch (error) {
  console.error(renderError(error));
  process.exitCode = 3;
}

async function announced<T>(step: string, work: () => Promise<Result<T>>): Promise<T> {
  const started = performance.now();
  const { value, words } = await work();
  echo(`set-up  ${step.padEnd(9)} ${words}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return value;
}

function say(line: string): void {
  echo(`set-up            ${line}`);
}

/** An engine that answers, or a private one. `isFresh`: it was started just now, so its state is to be looked at. */
async function prepareEngine(): Promise<Result<{ engine: Engine; isFresh: boolean }>> {
  const search = await findEngine();
  if (search.kind === "found")
    return { value: { engine: search.engine, isFresh: false }, words: describe(search.engine) };
  if (search.pinned) throw unreachableEngine(search);
  await installPackages(ENGINE_PACKAGES, say);
  const engine = await startPrivateEngine(say);
  return { value: { engine, isFresh: true }, words: `${describe(engine)}, started` };
}

async function prepareImage(engine: Engine, isFresh: boolean): Promise<Result<void>> {
  const tag = await imageTag();
  if ((await imageState(engine, tag)) === "present" && (!isFresh || (await imageRuns(engine, tag))))
    return { value: undefined, words: tag };
  const whole = await wholeEngine(engine, tag);
  return { value: undefined, words: `${await buildImage(whole, showSteps)} built` };
}

/** This engine, or, when it is our own and its image files are damaged, a renewed one. */
async function wholeEngine(engine: Engine, tag: string): Promise<Engine> {
  // An image that is still listed is here because it does not run.
  const isDamaged = (await imageState(engine, tag)) !== "absent" || (await storeIsDamaged(engine));
  if (engine.kind !== "private" || !isDamaged) return engine;
  say("the engine's image files are damaged: dropped, made anew");
  return renewPrivateEngine();
}

/** The steps, not the engine's build output: that is in the error when it fails. */
function showSteps(line: string, from: "natbed" | "build"): void {
  if (from === "natbed") say(line);
}

/** Their absence skips tests; it does not stop the set-up unless somebody insists. */
async function prepareTests(): Promise<Result<void>> {
  const words: string[] = [];
  for (const { required, ...wanted } of TEST_PACKAGES) {
    try {
      await installPackages([wanted], say);
      words.push(wanted.name);
    } catch (error) {
      if (process.env[required]) throw error;
      words.push(`${wanted.name} is missing and could not be installed: its tests are skipped`);
    }
  }
  return { value: undefined, words: words.join(", ") };
}

function describe({ version, endpoint }: Engine): string {
  return `docker ${version.split("+")[0]} at ${endpoint}`;
}
