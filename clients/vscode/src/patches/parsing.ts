/** Reads unified diffs as the appliance writes them. */

export interface Hunk {
  /** The line from which it was made, counted from 1. */
  readonly firstLine: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly endsBeforeWithoutNewline: boolean;
  readonly endsAfterWithoutNewline: boolean;
}

export interface FilePatch {
  readonly path: string;
  readonly isNew: boolean;
  readonly hunks: readonly Hunk[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Return the files of a diff. Deletions and renames are left out: nothing here does them. */
export function filesOf(diff: string): readonly FilePatch[] {
  const lines = diff.split("\n");
  const files: FilePatch[] = [];
  for (let at = 0; at + 1 < lines.length; at += 1) {
    const [was, is] = [lines[at] ?? "", lines[at + 1] ?? ""];
    if (!was.startsWith("--- ") || !is.startsWith("+++ ")) {
      continue;
    }
    const [hunks, end] = hunksFrom(lines, at + 2);
    const path = pathIn(is, "b/");
    if (path !== "/dev/null" && hunks.length > 0) {
      files.push({ path, isNew: pathIn(was, "a/") === "/dev/null", hunks });
    }
    at = end - 1;
  }
  return files;
}

function hunksFrom(lines: readonly string[], start: number): [Hunk[], number] {
  const hunks: Hunk[] = [];
  let at = start;
  for (;;) {
    const heading = HUNK.exec(lines[at] ?? "");
    if (heading === null) {
      return [hunks, at];
    }
    const [hunk, end] = hunkFrom(lines, at + 1, heading);
    if (hunk !== undefined) {
      hunks.push(hunk);
    }
    at = end;
  }
}

/** Read as many lines as the heading says; a hunk that ends early is none. */
function hunkFrom(
  lines: readonly string[],
  start: number,
  heading: RegExpExecArray,
): [Hunk | undefined, number] {
  const reader = new HunkReader(Number(heading[2] ?? 1), Number(heading[4] ?? 1));
  let at = start;
  while (at < lines.length && reader.takes(lines[at] ?? "")) {
    at += 1;
  }
  return [reader.isWhole ? reader.hunk(Number(heading[1])) : undefined, at];
}

class HunkReader {
  private readonly before: string[] = [];
  private readonly after: string[] = [];
  private readonly bare = { before: false, after: false };
  private lastSign = " ";

  constructor(
    private readonly linesBefore: number,
    private readonly linesAfter: number,
  ) {}

  get isWhole(): boolean {
    return this.before.length === this.linesBefore && this.after.length === this.linesAfter;
  }

  /** Take a line if it belongs to the hunk. */
  takes(line: string): boolean {
    const sign = line === "" ? " " : line.charAt(0);
    if (sign === "\\") {
      this.bare.before ||= this.lastSign !== "+";
      this.bare.after ||= this.lastSign !== "-";
      return true;
    }
    if (this.isWhole || !" +-".includes(sign)) {
      return false;
    }
    if (sign !== "+") {
      this.before.push(line.slice(1));
    }
    if (sign !== "-") {
      this.after.push(line.slice(1));
    }
    this.lastSign = sign;
    return true;
  }

  hunk(firstLine: number): Hunk {
    return {
      firstLine,
      before: this.before,
      after: this.after,
      endsBeforeWithoutNewline: this.bare.before,
      endsAfterWithoutNewline: this.bare.after,
    };
  }
}

function pathIn(line: string, prefix: string): string {
  const path = line.slice(4).replace(/\r$/, "").replace(/\t.*$/, "");
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}
