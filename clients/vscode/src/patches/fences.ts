/** The changes of an answer whose appliance does not list them apart: its blocks of diffs. */

import type { Message, Patch } from "../api/shapes.js";
import { filesOf } from "./parsing.js";

const FENCE = /^(`{3,}|~{3,})(?:diff|patch)[^\n`]*\n([\s\S]*?)^\1[`~]*[ \t]*$/gm;

export function patchesOf(message: Message): readonly Patch[] {
  if (message.patches !== undefined) {
    return message.patches.filter((patch) => patch.isUsable && filesOf(patch.diff).length > 0);
  }
  const source = message.citations[0]?.source ?? "";
  return [...message.text.matchAll(FENCE)]
    .map((found) => ({ source, diff: found[2] ?? "", isUsable: true }))
    .filter((patch) => filesOf(patch.diff).length > 0);
}
