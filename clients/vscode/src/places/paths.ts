/** Where below a folder a cited file may be, and that it is below it. */

import * as nodePath from "node:path";

const LEAST_PARTS = 2; // a bare name such as `index.ts` is in every repository

/** Return a path below a folder, or nothing when it would lead out of it. */
export function below(root: string, path: string): string | undefined {
  const parts = path.split("/");
  // What git keeps for itself can run programs: nothing of it is ever opened or written.
  const isPlain = parts.every((part) => !["", ".", "..", ".git"].includes(part.toLowerCase()));
  if (!isPlain || path.includes("\\") || path.includes("\0")) {
    return undefined;
  }
  if (parts[0] !== undefined && /^[a-z]:/i.test(parts[0])) {
    return undefined;
  }
  const whole = nodePath.join(root, ...parts);
  return whole.startsWith(root.endsWith(nodePath.sep) ? root : root + nodePath.sep)
    ? whole
    : undefined;
}

/** Return the endings of a path, longest first: a folder may be open that is only a part of the source. */
export function endingsOf(path: string): readonly string[] {
  const parts = path.split("/");
  const least = Math.min(parts.length, LEAST_PARTS);
  return Array.from({ length: parts.length - least + 1 }, (_, at) => parts.slice(at).join("/"));
}
