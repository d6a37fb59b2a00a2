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
 * Return the folders that a source may be, the surest kind of sign alone: as much of the end of a remote's path
 * as possible (the appliance names `org/team/payments` payments, team-payments or org-team-payments, the shortest
 * that is free), then the folder's own name.
 */
export function foldersOf(source: string, folders: readonly Folder[]): readonly Folder[] {
  const wanted = plain(source);
  const fits = (folder: Folder) =>
    Math.max(0, ...folder.remotes.map((remote) => partsThatFit(repositoryPath(remote), wanted)));
  const most = Math.max(0, ...folders.map(fits));
  return most > 0
    ? folders.filter((folder) => fits(folder) === most)
    : folders.filter((folder) => plain(folder.name) === wanted);
}

/** Return the source that a folder is, when exactly one of these names fits. */
export function sourceOf(folder: Folder, names: readonly string[]): string | undefined {
  const fitting = names.filter((name) => foldersOf(name, [folder]).length > 0);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Return how many parts at the end of a path make this name; 0 when no number does. */
function partsThatFit(path: string, wanted: string): number {
  const parts = path.split("/");
  const at = parts.findIndex((_, from) => plain(parts.slice(from).join("-")) === wanted);
  return at < 0 ? 0 : parts.length - at;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
