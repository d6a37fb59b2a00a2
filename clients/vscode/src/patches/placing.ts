/** Puts a patch into the text that is open here, which need not be the text that it was made from. */

import type { FilePatch, Hunk } from "./parsing.js";

export type Placed =
  | { readonly fits: true; readonly text: string }
  | { readonly fits: false; readonly reason: string };

/**
 * Return the changed text. Each hunk goes where its lines say, shifted by those before it, else to the only
 * other place with exactly its lines; a hunk without such a place refuses the whole patch.
 */
export function place(patch: FilePatch, here: string): Placed {
  if (patch.isNew) {
    return here === ""
      ? { fits: true, text: newText(patch) }
      : refuse("a file of this name exists");
  }
  const ending = here.includes("\r\n") ? "\r\n" : "\n";
  const lines = here.split("\n").map((line) => line.replace(/\r$/, ""));
  let [from, shift] = [0, 0];
  for (const hunk of patch.hunks) {
    const before = hunk.before.map(withoutReturn);
    const at = placeOf(lines, before, expected(hunk) + shift, from);
    if (typeof at === "string") {
      return refuse(`${at} (made for line ${hunk.firstLine})`);
    }
    const after = hunk.after.map(withoutReturn);
    lines.splice(at, before.length, ...after);
    endLine(lines, at + after.length, hunk);
    shift = at - expected(hunk) + after.length - before.length;
    from = at + after.length;
  }
  return { fits: true, text: lines.join(ending) };
}

/** Return the one stretch in which two texts differ, so that an editor replaces no more than that. */
export function difference(
  before: string,
  after: string,
): { readonly start: number; readonly end: number; readonly text: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) {
    start += 1;
  }
  let tail = 0;
  while (
    tail < most - start &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

function newText(patch: FilePatch): string {
  const lines = patch.hunks.flatMap((hunk) => hunk.after);
  const isBare = patch.hunks.some((hunk) => hunk.endsAfterWithoutNewline);
  return lines.join("\n") + (isBare ? "" : "\n");
}

/** A hunk that only adds is numbered by the line before it. */
function expected(hunk: Hunk): number {
  return hunk.before.length === 0 ? hunk.firstLine : hunk.firstLine - 1;
}

function placeOf(
  lines: readonly string[],
  before: readonly string[],
  wanted: number,
  from: number,
): number | string {
  if (wanted >= from && wanted <= lines.length && isAt(lines, before, wanted)) {
    return wanted;
  }
  if (before.length === 0) {
    return "there is no such line any more";
  }
  const places = lines.flatMap((_, at) => (at >= from && isAt(lines, before, at) ? [at] : []));
  if (places.length > 1) {
    return "the lines that it changes are there several times";
  }
  return places[0] ?? "the lines that it changes are not in the file as it is here";
}

function isAt(lines: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((line, offset) => lines[at + offset] === line);
}

/** Add or take away the line end at the end of the file where the patch does. */
function endLine(lines: string[], at: number, hunk: Hunk): void {
  if (hunk.endsBeforeWithoutNewline && !hunk.endsAfterWithoutNewline && at === lines.length) {
    lines.push("");
  } else if (
    hunk.endsAfterWithoutNewline &&
    !hunk.endsBeforeWithoutNewline &&
    at === lines.length - 1 &&
    lines[at] === ""
  ) {
    lines.pop();
  }
}

function withoutReturn(line: string): string {
  return line.replace(/\r$/, "");
}

function refuse(reason: string): Placed {
  return { fits: false, reason };
}
