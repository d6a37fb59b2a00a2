/** What is selected in the editor, and what the editor reports about it. */

import * as vscode from "vscode";
import { PlumblineError } from "../api/errors.js";
import { sourceOf } from "../places/remotes.js";
import { type Problem, type Selection, tooLong } from "../questions.js";
import { openFolders, pathIn } from "./workspace.js";

export interface Selected {
  readonly selection: Selection;
  readonly problems: readonly Problem[];
}

/** Return the whole lines of the selection, or of a range that an action names. */
export async function selected(
  sources: readonly string[],
  range?: vscode.Range,
): Promise<Selected> {
  const editor = vscode.window.activeTextEditor;
  const chosen = range ?? editor?.selection;
  if (editor === undefined || chosen === undefined) {
    throw new PlumblineError("Open a file and select lines in it first.");
  }
  const { document } = editor;
  const lines = wholeLines(document, chosen);
  const held = pathIn(await openFolders(), document.uri.fsPath);
  const selection: Selection = {
    path: held?.path ?? vscode.workspace.asRelativePath(document.uri),
    source: held && sourceOf(held.folder, sources),
    language: document.languageId,
    firstLine: lines.start.line + 1,
    lastLine: lines.end.line + 1,
    text: document.getText(lines),
  };
  const refusal = tooLong(selection);
  if (refusal !== undefined) {
    throw new PlumblineError(refusal);
  }
  return { selection, problems: problemsAt(document, lines) };
}

/** A selection that ends before the first letter of a line does not mean that line. */
function wholeLines(document: vscode.TextDocument, range: vscode.Range): vscode.Range {
  const endsBefore = range.end.character === 0 && range.end.line > range.start.line;
  const last = endsBefore ? range.end.line - 1 : range.end.line;
  return new vscode.Range(range.start.line, 0, last, document.lineAt(last).text.length);
}

function problemsAt(document: vscode.TextDocument, lines: vscode.Range): readonly Problem[] {
  return vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ range, severity }) => {
      const isProblem = severity <= vscode.DiagnosticSeverity.Warning;
      return isProblem && range.intersection(lines) !== undefined;
    })
    .map(({ range, message, source }) => ({
      line: range.start.line + 1,
      text: source ? `${message} (${source})` : message,
    }));
}
