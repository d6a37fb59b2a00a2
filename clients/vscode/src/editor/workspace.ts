/** The folders that are open here, with the remotes that git knows of them. */

import { realpath } from "node:fs/promises";
import * as nodePath from "node:path";
import * as vscode from "vscode";
import type { Folder } from "../places/remotes.js";

/** Of the built-in extension's API (version 1) what is used here. */
interface Git {
  getAPI(version: 1): {
    readonly repositories: readonly {
      readonly rootUri: vscode.Uri;
      readonly state: {
        readonly remotes: readonly { readonly fetchUrl?: string; readonly pushUrl?: string }[];
      };
    }[];
  };
}

/** Return each repository and each open folder that is none, on this machine's disk. */
export async function openFolders(): Promise<readonly Folder[]> {
  const repositories = await gitFolders();
  const known = new Set(repositories.map((folder) => folder.root));
  const others = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file" && !known.has(uri.fsPath))
    .map(({ uri, name }) => ({ root: uri.fsPath, name, remotes: [] }));
  return [...repositories, ...others];
}

/** Return the path of a file below the folder that holds it most closely. */
export function pathIn(
  folders: readonly Folder[],
  file: string,
): { folder: Folder; path: string } | undefined {
  const holding = folders
    .filter(({ root }) => file.startsWith(`${root}/`) || file.startsWith(`${root}\\`))
    .sort((one, other) => other.root.length - one.root.length)[0];
  return (
    holding && { folder: holding, path: file.slice(holding.root.length + 1).replace(/\\/g, "/") }
  );
}

/** Return whether a file is there and no link leads out of the folder on the way to it. */
export async function isReallyBelow(root: string, file: string): Promise<boolean> {
  try {
    const [realRoot, real] = await Promise.all([realpath(root), realpath(file)]);
    return real === realRoot || real.startsWith(realRoot + nodePath.sep);
  } catch {
    return false;
  }
}

async function gitFolders(): Promise<readonly Folder[]> {
  const extension = vscode.extensions.getExtension<Git>("vscode.git");
  if (extension === undefined) {
    return [];
  }
  try {
    const git = extension.isActive ? extension.exports : await extension.activate();
    return git.getAPI(1).repositories.map(({ rootUri, state }) => ({
      root: rootUri.fsPath,
      name: rootUri.path.slice(rootUri.path.lastIndexOf("/") + 1),
      remotes: state.remotes.flatMap(({ fetchUrl, pushUrl }) =>
        [fetchUrl, pushUrl].filter((url) => url !== undefined),
      ),
    }));
  } catch {
    return []; // git is switched off in the editor's settings
  }
}
