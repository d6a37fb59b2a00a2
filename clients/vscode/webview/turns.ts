/** One question with its answer, what it cites and what it would change. */

import type { ShownCitation, ShownPatch, ShownTurn } from "../src/view/protocol.js";
import { actionButton, make } from "./elements.js";

export function turnElement(turn: ShownTurn): HTMLElement {
  const made = make("article", "turn");
  made.id = `turn-${turn.id}`;
  made.dataset["turn"] = String(turn.id);
  made.setAttribute("aria-busy", String(turn.isRunning));
  made.append(make("h2", "question", turn.question));
  if (turn.about !== "") {
    made.append(make("p", "about small", `About ${turn.about}`));
  }
  const answer = make("div", "answer");
  answer.innerHTML = turn.answer; // made by rendering.ts, which lets no HTML through
  made.append(answer);
  if (turn.error !== "") {
    made.append(make("p", "error", turn.error));
  }
  turn.patches.forEach((patch) => {
    made.append(patchElement(patch));
  });
  if (turn.citations.length > 0) {
    made.append(citationList(turn.citations));
  }
  made.append(footer(turn));
  return made;
}

function patchElement(patch: ShownPatch): HTMLElement {
  const made = make("div", "patch");
  made.append(make("strong", "", `Proposed change of ${patch.files.join(", ")}`));
  const row = make("div", "row");
  row.append(
    actionButton("Show as diff", "second", { action: "show-patch", number: patch.number }),
    actionButton("Apply", "", { action: "apply-patch", number: patch.number }),
  );
  made.append(row);
  return made;
}

function citationList(citations: readonly ShownCitation[]): HTMLElement {
  const made = make("ol", "citations");
  made.setAttribute("aria-label", "What the answer cites");
  for (const cited of citations) {
    const row = make("li", "");
    const { number } = cited;
    row.append(make("span", "number", String(number)));
    row.append(actionButton(cited.place, "plain place", { action: "open-citation", number }));
    const page = actionButton(cited.source, "plain page", { action: "open-page", number });
    page.title = `Open ${cited.place} on the appliance's page`;
    page.setAttribute("aria-label", `${cited.source}: ${page.title}`);
    row.append(page);
    made.append(row);
  }
  return made;
}

function footer(turn: ShownTurn): HTMLElement {
  const made = make("p", "footer small");
  const status = make("span", turn.isRunning ? "running" : "", turn.status);
  made.append(status);
  if (turn.hasPage) {
    made.append(actionButton("Open thread", "plain", { action: "open-thread" }));
  }
  return made;
}
