/** Search: results while one types, opened as citations are. */

import * as vscode from "vscode";
import type { Appliance } from "../api/appliance.js";
import { sentenceOf } from "../api/errors.js";
import type { Hit } from "../api/shapes.js";
import { openPlace } from "./opening.js";
import { defaultScope } from "./settings.js";

const PAUSE_MS = 250; // as long as somebody types on

interface Result extends vscode.QuickPickItem {
  readonly hit?: Hit;
}

export function search(appliance: Appliance, tell: (work: Promise<void>) => void): void {
  const picker = vscode.window.createQuickPick<Result>();
  let running = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  picker.title = "Search the company's code";
  picker.placeholder = "Words, or the name of a function or class";
  picker.matchOnDescription = false;
  picker.onDidChangeValue((value) => {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    const { signal } = running;
    picker.busy = value.trim() !== "";
    timer = setTimeout(() => void fill(picker, appliance, value.trim(), signal), PAUSE_MS);
  });
  picker.onDidAccept(() => {
    const hit = picker.selectedItems[0]?.hit;
    if (hit !== undefined) {
      picker.hide();
      tell(openPlace(appliance, hit));
    }
  });
  picker.onDidHide(() => {
    clearTimeout(timer);
    running.abort();
    picker.dispose();
  });
  picker.show();
}

async function fill(
  picker: vscode.QuickPick<Result>,
  appliance: Appliance,
  query: string,
  signal: AbortSignal,
): Promise<void> {
  let items: Result[] = [];
  try {
    const hits = query === "" ? [] : await appliance.search(query, defaultScope(), signal);
    items = hits.map(resultOf);
    if (query !== "" && items.length === 0) {
      items = [{ label: "Nothing was found", alwaysShow: true }];
    }
  } catch (error) {
    items = [{ label: sentenceOf(error), alwaysShow: true }];
  }
  if (!signal.aborted) {
    picker.items = items;
    picker.busy = false;
  }
}

function resultOf(hit: Hit): Result {
  return {
    label: `$(file-code) ${hit.path}:${hit.firstLine}`,
    description: hit.symbol,
    detail: hit.source,
    alwaysShow: true,
    hit,
  };
}
