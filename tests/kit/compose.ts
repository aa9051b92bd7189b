import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { readSuites } from "../../orchestrator/engine/image/debian.ts";
import { ROOT } from "../../orchestrator/engine/image/recipe.ts";

/** `configs: … content:` came with it. */
const OLDEST = [2, 23, 1] as const;
const SUITE = "trixie";
const UNPACKED = join(ROOT, ".natbed/compose/docker-compose");
const PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

export interface ComposeRun {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs `docker compose` on one project; exit codes are values. */
export type Compose = (words: readonly string[]) => Promise<ComposeRun>;

/**
 * `docker compose` for a file and a project name, on the engine and with the image of these tests: the machine's own, or Debian's,
 * unpacked below .natbed (13 MB, once). Or the reason why there is none.
 */
export async function openCompose(): Promise<
  { readonly start: (file: string, project: string) => Promise<Compose> } | { readonly reason: string }
> {
  for (const find of [async () => ["docker", "compose"], async () => [UNPACKED], unpackDebians]) {
    const [command, ...before] = await find();
    if (command === undefined || !(await isRecent(command, before))) continue;
    return { start: (file, project) => bind(command, [...before, "-f", file, "-p", project]) };
  }
  const reason = `no docker compose ${OLDEST.join(".")} or newer here, and none of ${SUITE}'s to be had`;
  if (process.env["REQUIRE_DOCKER"]) throw new Error(reason);
  return { reason };
}

async function bind(command: string, before: readonly string[]): Promise<Compose> {
  const engine = await connectEngine();
  const env = { DOCKER_HOST: engine.endpoint, NATBED_IMAGE: await requireImage(engine) };
  return async (words) => {
    const { exitCode, stdout, stderr } = await execa(command, [...before, ...words], {
      env,
      stdin: "ignore",
      reject: false,
    });
    return { code: exitCode, stdout, stderr };
  };
}

async function isRecent(command: string, before: readonly string[]): Promise<boolean> {
  const { stdout, exitCode } = await execa(command, [...before, "version", "--short"], { reject: false });
  if (exitCode !== 0) return false;
  const version = stdout.replace(/^v/, "").split(/[.+-]/).map(Number);
  const differs = OLDEST.findIndex((part, index) => part !== version[index]);
  return differs === -1 || (version[differs] ?? 0) > (OLDEST[differs] ?? 0);
}

/** Takes the package from the mirror that this machine uses, with lists and sources of its own; nothing is installed. */
async function unpackDebians(): Promise<string[]> {
  const mirror = readSuites().find(({ suite }) => suite === SUITE)?.mirror;
  if (mirror === undefined || !existsSync(KEYRING)) return [];
  const dir = mkdtempSync(join(tmpdir(), "natbed-compose-"));
  try {
    for (const folder of ["state/lists/partial", "cache/archives/partial"])
      mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(dir, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
    const settings = {
      "Dir::State": join(dir, "state"),
      "Dir::Cache": join(dir, "cache"),
      "Dir::Etc::sourcelist": join(dir, "sources.list"),
      "Dir::Etc::sourceparts": "-",
      "Acquire::Languages": "none",
      "Acquire::http::Timeout": "10",
      "APT::Update::Error-Mode": "any",
      "APT::Sandbox::User": "root",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    for (const words of [["update"], ["download", "docker-compose"]])
      await execa("apt-get", ["-qq", ...options, ...words], { cwd: dir, timeout: 60_000 });
    await execa("sh", ["-ec", "dpkg-deb -x docker-compose_*.deb ."], { cwd: dir });
    mkdirSync(join(UNPACKED, ".."), { recursive: true });
    copyFileSync(join(dir, PLUGIN), `${UNPACKED}.new`);
    chmodSync(`${UNPACKED}.new`, 0o755);
    renameSync(`${UNPACKED}.new`, UNPACKED);
    return [UNPACKED];
  } catch (error) {
    console.warn(`docker compose of ${SUITE}: ${(error as Error).message}`);
    return [];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
