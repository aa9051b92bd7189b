/** The Docker engine: find it, start one of our own, build the image, check what it can do, and leave nothing behind. */
export { connectEngine, findEngine, unreachableEngine } from "./connect.ts";
export { diagnose } from "./doctor/diagnose.ts";
export type { Finding } from "./doctor/finding.ts";
export { lackingCapabilities } from "./doctor/lacking.ts";
export { preflight } from "./doctor/preflight.ts";
export type { Engine } from "./endpoint.ts";
export { buildImage } from "./image/build.ts";
export { imageTag } from "./image/recipe.ts";
export { hasImage, imageRuns, imageState, requireImage, storeIsDamaged } from "./image/store.ts";
export { KEPT_PREFIX, LABEL, ownLabels, OWNER_LABEL, RUN_LABEL } from "./labels.ts";
export { installPackages, onPath } from "./packages.ts";
export { renewPrivateEngine, startPrivateEngine } from "./private/start.ts";
export { stopPrivateEngine } from "./private/stop.ts";
export { WRITABLE_NETWORK_SETTINGS } from "./settings.ts";
export { removeContainer, sweep } from "./sweep.ts";
