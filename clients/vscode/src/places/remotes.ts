/** Which folder of the workspace is a source of the appliance, by git remote or by name. */

export interface Folder {
  /** Where it is on this machine; what is returned for it. */
  readonly root: string;
  readonly name: string;
  readonly remotes: readonly string[];
}

/** Return the path of a repository on its host: `team/payments` for every way to write its address. */
export function repositoryPath(remote: string): string {
  const address = remote.trim();
  const path = /^[a-z][a-z0-9+.-]*:\/\//i.test(address)
    ? address.replace(/^[^:]+:\/\/[^/]*\/*/, "")
    : address.replace(/^(?:[^/:]*@)?[^/:]*:(?!\/\/)/, "");
  return path
    .replace(/[?#].*$/, "")
    .replace(/^\/+|\/+$/g, "")
    .replace(/\.git$/i, "")
    .toLowerCase();
}

/**
 * Return the folders that a source may be, the surest kind of sign alone: the whole path of a remote (sources
 * are named `team-payments` or `team.payments`, never with a slash), then its last part, then the folder's name.
 */
export function foldersOf(source: string, folders: readonly Folder[]): readonly Folder[] {
  const wanted = plain(source);
  const signs: readonly ((folder: Folder) => readonly string[])[] = [
    (folder) => folder.remotes.map(repositoryPath),
    (folder) => folder.remotes.map((remote) => lastPart(repositoryPath(remote))),
    (folder) => [folder.name],
  ];
  for (const sign of signs) {
    const fitting = folders.filter((folder) => sign(folder).some((name) => plain(name) === wanted));
    if (fitting.length > 0) {
      return fitting;
    }
  }
  return [];
}

/** Return the source that a folder is, when exactly one of these names fits. */
export function sourceOf(folder: Folder, names: readonly string[]): string | undefined {
  const fitting = names.filter((name) => foldersOf(name, [folder]).length > 0);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
