/** What is asked about a selection: the person's words, and the lines with their place. */

const MOST_CHARACTERS = 16_000; // the appliance takes 20,000 with the words around them

export interface Selection {
  readonly path: string;
  readonly source: string | undefined;
  readonly language: string;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly text: string;
}

export interface Problem {
  readonly line: number;
  readonly text: string;
}

export function placeName(selection: Selection): string {
  const { path, firstLine, lastLine } = selection;
  return firstLine === lastLine
    ? `${path}, line ${firstLine}`
    : `${path}, lines ${firstLine} to ${lastLine}`;
}

/** Return why a selection cannot be sent, or nothing when it can. */
export function tooLong(selection: Selection): string | undefined {
  return selection.text.length > MOST_CHARACTERS
    ? `You selected ${selection.text.length} characters; at most ${MOST_CHARACTERS} can be asked about. Select less.`
    : undefined;
}

export function aboutSelection(words: string, selection: Selection): string {
  return `${words.trim()}\n\n${quoted(selection)}`;
}

export function toFix(selection: Selection, problems: readonly Problem[]): string {
  const found = problems.map((problem) => `- line ${problem.line}: ${problem.text}`);
  const words =
    found.length > 0
      ? `Fix this. The editor reports:\n${found.join("\n")}`
      : "Find what is wrong in these lines and fix it.";
  return aboutSelection(words, selection);
}

function quoted(selection: Selection): string {
  const from = selection.source === undefined ? "" : ` of ${selection.source}`;
  const fence = "`".repeat(Math.max(3, longestRun(selection.text) + 1));
  const text = selection.text.replace(/\r\n/g, "\n").replace(/\n$/, "");
  return `${placeName(selection)}${from}:\n${fence}${selection.language}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
}
