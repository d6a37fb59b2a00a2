/** The extension's settings. Address and authority cannot be set by a workspace: see package.json, "scope". */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { serverAddress } from "../api/address.js";
import { PlumblineError } from "../api/errors.js";
import type { Server } from "../api/http.js";

export async function server(): Promise<Server> {
  const settings = vscode.workspace.getConfiguration("plumbline");
  const address = serverAddress(settings.get("serverAddress", ""));
  const file = settings.get("caFile", "").trim();
  return file === "" ? { address } : { address, authority: await authorityIn(file) };
}

export function defaultSources(): readonly string[] {
  return vscode.workspace.getConfiguration("plumbline").get<string[]>("defaultSources", []);
}

async function authorityIn(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new PlumblineError(
      `The file ${file} of the setting “Plumbline: CA File” cannot be read. Name a file in PEM format.`,
    );
  }
}
