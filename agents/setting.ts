/** An environment variable that a compose file sets. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set: is this a container of a compose file?`);
  return value;
}
