/** Whether the lines that an answer cites are the lines that are open here. */

export type Comparison =
  | { readonly kind: "same" | "moved"; readonly firstLine: number; readonly lastLine: number }
  | { readonly kind: "different" };

/** Look for cited lines in a text: where they were, else at the only other place where they are. */
export function compare(here: string, cited: string, firstLine: number): Comparison {
  const lines = linesOf(here);
  const wanted = linesOf(cited.replace(/\r?\n$/, ""));
  if (wanted.every((line) => line === "")) {
    return { kind: "different" };
  }
  if (isAt(lines, wanted, firstLine - 1)) {
    return { kind: "same", firstLine, lastLine: firstLine + wanted.length - 1 };
  }
  const places = lines.flatMap((_, at) => (isAt(lines, wanted, at) ? [at] : []));
  const only = places.length === 1 ? places[0] : undefined;
  return only === undefined
    ? { kind: "different" }
    : { kind: "moved", firstLine: only + 1, lastLine: only + wanted.length };
}

function isAt(lines: readonly string[], wanted: readonly string[], at: number): boolean {
  return (
    at >= 0 &&
    at + wanted.length <= lines.length &&
    wanted.every((line, offset) => lines[at + offset] === line)
  );
}

/** White space at the ends of lines is no difference: editors and git change it. */
function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.trimEnd());
}
