/** The extension's settings. Address and authority cannot be set by a workspace: see package.json, "scope". */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { serverAddress } from "../api/address.js";
import type { Scope } from "../api/appliance.js";
import { PlumblineError } from "../api/errors.js";
import type { Server } from "../api/http.js";

export async function server(): Promise<Server> {
  const settings = vscode.workspace.getConfiguration("plumbline");
  const address = serverAddress(settings.get("serverAddress", ""));
  const file = settings.get("caFile", "").trim();
  return file === "" ? { address } : { address, authority: await authorityIn(file) };
}

/** What questions and searches are limited to: sources, and a named set of them. */
export function defaultScope(): Scope {
  const settings = vscode.workspace.getConfiguration("plumbline");
  const sources = settings.get<string[]>("defaultSources", []);
  return { sources, set: settings.get("defaultSet", "").trim() };
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
