/** One thing the doctor looked at. `fail`: natbed cannot run. `warn`: some cells cannot, or nobody can tell. */
export interface Finding {
  readonly check: string;
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  readonly fix?: string;
}
