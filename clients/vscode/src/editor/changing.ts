/** Shows a proposed change beside the text that is open here, and applies it on request. */

import { lstatSync } from "node:fs";
import * as nodePath from "node:path";
import * as vscode from "vscode";
import { PlumblineError } from "../api/errors.js";
import type { Patch } from "../api/shapes.js";
import { type FilePatch, filesOf } from "../patches/parsing.js";
import { difference, place } from "../patches/placing.js";
import { below } from "../places/paths.js";
import { foldersOf } from "../places/remotes.js";
import { fileOfSource } from "./opening.js";
import { isReallyBelow, openFolders } from "./workspace.js";

export const PROPOSED = "plumbline-proposed";

interface Change {
  readonly path: string;
  readonly uri: vscode.Uri;
  /** Nothing: the file is made. */
  readonly document: vscode.TextDocument | undefined;
  readonly text: string;
}

/** The right sides of diffs: texts as they would be. */
export class ProposedTexts implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  keep(path: string, text: string): vscode.Uri {
    const query = String(this.texts.size + 1); // a change that was shown before keeps its text
    const uri = vscode.Uri.from({ scheme: PROPOSED, path: `/${path}`, query });
    this.texts.set(uri.toString(), text);
    return uri;
  }
}

export async function showPatch(patch: Patch, texts: ProposedTexts): Promise<void> {
  for (const { path, uri, document, text } of await changesOf(patch)) {
    const left = document ? uri : texts.keep(path, "");
    const title = `${nodePath.basename(path)}: proposed change`;
    await vscode.commands.executeCommand("vscode.diff", left, texts.keep(path, text), title);
  }
}

/** Change the open texts in one step that one Undo takes back. Nothing is saved. */
export async function applyPatch(patch: Patch): Promise<void> {
  const changes = await changesOf(patch);
  const edit = new vscode.WorkspaceEdit();
  for (const { uri, document, text } of changes) {
    if (document === undefined) {
      edit.createFile(uri, { overwrite: false, contents: Buffer.from(text, "utf8") });
      continue;
    }
    const changed = difference(document.getText(), text);
    const range = new vscode.Range(
      document.positionAt(changed.start),
      document.positionAt(changed.end),
    );
    edit.replace(uri, range, changed.text);
  }
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new PlumblineError(
      "The editor did not take the change. Look whether a file is read-only.",
    );
  }
  const first = changes[0];
  if (first !== undefined) {
    await vscode.window.showTextDocument(first.uri, { preview: false });
  }
  const files = changes.length === 1 ? "1 file" : `${changes.length} files`;
  vscode.window.showInformationMessage(`${files} changed, not saved yet. Undo takes it back.`);
}

/** Place every file of a patch, or refuse all of it: half a change is none. */
async function changesOf(patch: Patch): Promise<readonly Change[]> {
  return Promise.all(filesOf(patch.diff).map((file) => changeOf(patch.source, file)));
}

async function changeOf(source: string, file: FilePatch): Promise<Change> {
  const uri = file.isNew ? await newFile(source, file.path) : await fileOfSource(source, file.path);
  if (uri === undefined) {
    const where = file.isNew ? "a folder for it" : file.path;
    throw new PlumblineError(
      `${where} of ${source} is not in this workspace. Open the folder of ${source} and try again.`,
    );
  }
  const document = file.isNew ? undefined : await vscode.workspace.openTextDocument(uri);
  const placed = place(file, document?.getText() ?? "");
  if (!placed.fits) {
    throw new PlumblineError(
      `The change of ${file.path} does not fit your copy: ${placed.reason}. Nothing was changed.`,
    );
  }
  return { path: file.path, uri, document, text: placed.text };
}

/** Return where a new file goes; not where one is, and not over a link that leads out of the folder. */
async function newFile(source: string, path: string): Promise<vscode.Uri | undefined> {
  const folder = foldersOf(source, await openFolders())[0];
  const file = folder && below(folder.root, path);
  if (folder === undefined || file === undefined) {
    return undefined;
  }
  if (isThere(file)) {
    throw new PlumblineError(
      `The change makes ${path}, but you have such a file. Nothing was changed.`,
    );
  }
  let holding = nodePath.dirname(file);
  while (!isThere(holding)) {
    holding = nodePath.dirname(holding);
  }
  return (await isReallyBelow(folder.root, holding)) ? vscode.Uri.file(file) : undefined;
}

/** A link that leads nowhere is there too: writing to it would make what it names. */
function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
