/** Opens what an answer cites: the file here when it has the lines, else the appliance's page. */

import * as vscode from "vscode";
import { pageOf } from "../api/address.js";
import type { Appliance } from "../api/appliance.js";
import { sentenceOf } from "../api/errors.js";
import type { Place } from "../api/shapes.js";
import { compare } from "../places/comparing.js";
import { below, endingsOf } from "../places/paths.js";
import { type Folder, foldersOf } from "../places/remotes.js";
import { isReallyBelow, openFolders } from "./workspace.js";

const OPEN_PAGE = "Open the cited version";
const MOST_FOUND = 20;

interface Candidate {
  readonly document: vscode.TextDocument;
  /** Whether the folder is the source by its remote or name; else only the path looks alike. */
  readonly isSource: boolean;
}

/** A place to open; of a citation with its page and its lines. */
export interface Named extends Place {
  readonly url?: string;
  readonly text?: string;
}

export async function openPlace(appliance: Appliance, place: Named): Promise<void> {
  const candidates = await candidatesFor(place);
  if (candidates.length === 0) {
    return openPage(appliance, place);
  }
  let cited: string;
  try {
    cited = place.text || (await appliance.linesAt(place));
  } catch (error) {
    return openUnchecked(candidates, place, sentenceOf(error));
  }
  for (const { document } of candidates) {
    const found = compare(document.getText(), cited, place.firstLine);
    if (found.kind !== "different") {
      await show(document, found.firstLine, found.lastLine);
      return found.kind === "moved" ? tellMoved(place, found.firstLine) : undefined;
    }
  }
  const known = candidates.find(({ isSource }) => isSource);
  return known === undefined
    ? openPage(appliance, place)
    : openDifferent(appliance, known.document, place);
}

/** Open the appliance's page of a place. */
export async function openPage(appliance: Appliance, place: Named): Promise<void> {
  const { address } = appliance.server;
  const parts = [place.source, place.commit, ...place.path.split("/")].map(encodeURIComponent);
  const ours = `/files/${parts.join("/")}#L${place.firstLine}-L${place.lastLine}`;
  const page = pageOf(address, place.url || ours);
  await vscode.env.openExternal(vscode.Uri.parse(page.href, true));
}

/** Return the file of a source's path below the folder that is this source, if it is here. */
export async function fileOfSource(source: string, path: string): Promise<vscode.Uri | undefined> {
  for (const folder of foldersOf(source, await openFolders())) {
    const file = await fileBelow(folder, path);
    if (file !== undefined) {
      return file;
    }
  }
  return undefined;
}

async function fileBelow(folder: Folder, path: string): Promise<vscode.Uri | undefined> {
  const file = below(folder.root, path);
  return file !== undefined && (await isReallyBelow(folder.root, file))
    ? vscode.Uri.file(file)
    : undefined;
}

async function candidatesFor(place: Place): Promise<readonly Candidate[]> {
  const folders = await openFolders();
  const named = foldersOf(place.source, folders);
  const sure = await Promise.all(named.map((folder) => fileBelow(folder, place.path)));
  const endings = endingsOf(place.path);
  const guessed = await Promise.all(
    folders.flatMap((folder) => endings.map((ending) => fileBelow(folder, ending))),
  );
  const deeper = sure.some(Boolean) ? [] : await filesEndingIn(place.path);
  const isSource = new Set(sure.flatMap((file) => (file ? [file.toString()] : [])));
  const files = [...sure, ...guessed, ...deeper].filter((file) => file !== undefined);
  const unique = new Map(files.map((file) => [file.toString(), file]));
  const opened = await Promise.all([...unique.values()].map(openQuietly));
  return opened
    .filter((document) => document !== undefined)
    .map((document) => ({ document, isSource: isSource.has(document.uri.toString()) }));
}

function filesEndingIn(path: string): Thenable<vscode.Uri[]> {
  const plain = path.replace(/[[\]{}*?]/g, "?");
  return vscode.workspace.findFiles(`**/${plain}`, undefined, MOST_FOUND);
}

async function openQuietly(file: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(file);
  } catch {
    return undefined; // binary, or too large for the editor
  }
}

async function show(document: vscode.TextDocument, first: number, last: number): Promise<void> {
  const end = document.lineAt(Math.min(last, document.lineCount) - 1).range.end;
  const start = new vscode.Position(Math.min(first, document.lineCount) - 1, 0);
  const selection = new vscode.Range(start, end);
  const editor = await vscode.window.showTextDocument(document, { selection, preview: true });
  editor.revealRange(selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

function tellMoved(place: Place, first: number): void {
  vscode.window.showInformationMessage(
    `The cited lines are at line ${first} here; at ${place.commit.slice(0, 8)} they are at line ${place.firstLine}.`,
  );
}

async function openUnchecked(
  candidates: readonly Candidate[],
  place: Place,
  reason: string,
): Promise<void> {
  const known = candidates.find(({ isSource }) => isSource) ?? candidates[0];
  if (known !== undefined) {
    await show(known.document, place.firstLine, place.lastLine);
    vscode.window.showWarningMessage(
      `Whether these are the cited lines could not be checked: ${reason}`,
    );
  }
}

async function openDifferent(
  appliance: Appliance,
  document: vscode.TextDocument,
  place: Named,
): Promise<void> {
  await show(document, place.firstLine, place.lastLine);
  const pressed = await vscode.window.showWarningMessage(
    `Your copy of ${place.path} differs from the lines that were cited (at ${place.commit.slice(0, 8)}).`,
    OPEN_PAGE,
  );
  if (pressed === OPEN_PAGE) {
    await openPage(appliance, place);
  }
}
