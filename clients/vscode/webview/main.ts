/** The view's script: shows turns, and tells the extension what was pressed. */

import type { FromView, ShownTurn, ToView } from "../src/view/protocol.js";
import { byId } from "./elements.js";
import { turnElement } from "./turns.js";

declare function acquireVsCodeApi(): { postMessage(message: FromView): void };

const host = acquireVsCodeApi();
const turns = byId("turns", HTMLElement);
const question = byId("question", HTMLTextAreaElement);
const mode = byId("mode", HTMLSelectElement);
const status = byId("status", HTMLParagraphElement);
let isBusy = false;

function show(turn: ShownTurn): void {
  const old = document.getElementById(`turn-${turn.id}`);
  const made = turnElement(turn);
  const isAtEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
  if (old === null) {
    turns.append(made);
  } else {
    keepFocus(old, made);
  }
  setBusy(turn.isRunning);
  byId("empty", HTMLElement).hidden = true;
  announce(turn.error || turn.status);
  if (isAtEnd || old === null) {
    window.scrollTo(0, document.documentElement.scrollHeight);
  }
}

/** A screen reader says how far it is, not each word of an answer that is still being written. */
function announce(words: string): void {
  if (status.textContent !== words) {
    status.textContent = words;
  }
}

/** An answer that grows must not take the focus from the citation that somebody is at. */
function keepFocus(old: HTMLElement, made: HTMLElement): void {
  const at = old.contains(document.activeElement)
    ? [...old.querySelectorAll<HTMLElement>("button, pre")].indexOf(
        document.activeElement as HTMLElement,
      )
    : -1;
  old.replaceWith(made);
  if (at >= 0) {
    made.querySelectorAll<HTMLElement>("button, pre")[at]?.focus();
  }
}

function setBusy(busy: boolean): void {
  const stop = byId("stop", HTMLButtonElement);
  const ask = byId("ask", HTMLButtonElement);
  const moveFocus = document.activeElement === stop || document.activeElement === ask;
  isBusy = busy;
  stop.hidden = !busy;
  ask.hidden = busy;
  if (moveFocus) {
    (busy ? stop : question).focus();
  }
}

function showPerson(who: string): void {
  const isSignedIn = who !== "";
  byId("welcome", HTMLElement).hidden = isSignedIn;
  byId("form", HTMLFormElement).hidden = !isSignedIn;
  byId("empty", HTMLElement).hidden = !isSignedIn || turns.childElementCount > 0;
  byId("who", HTMLElement).textContent = who;
}

function showAll(all: readonly ShownTurn[]): void {
  turns.replaceChildren();
  setBusy(false);
  byId("empty", HTMLElement).hidden = byId("form", HTMLFormElement).hidden || all.length > 0;
  all.forEach(show);
}

function prompt(about: string, words: string): void {
  question.value ||= words;
  byId("about-text", HTMLElement).textContent = about === "" ? "" : `About ${about}`;
  byId("about", HTMLElement).hidden = about === "";
  question.focus();
}

window.addEventListener("message", (event: MessageEvent<ToView>) => {
  const told = event.data;
  switch (told.kind) {
    case "person":
      return showPerson(told.who);
    case "turns":
      return showAll(told.turns);
    case "turn":
      return show(told.turn);
    case "prompt":
      return prompt(told.about, told.words);
  }
});

function submit(): void {
  const text = question.value.trim();
  if (text !== "" && !isBusy) {
    question.value = "";
    host.postMessage({ kind: "ask", text, mode: mode.value });
  }
}

byId("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
});

const PRESSED: { readonly [id: string]: FromView } = {
  "sign-in": { kind: "sign-in" },
  stop: { kind: "stop" },
  "new-thread": { kind: "new-thread" },
  forget: { kind: "forget-selection" },
};
for (const [id, message] of Object.entries(PRESSED)) {
  byId(id, HTMLButtonElement).addEventListener("click", () => host.postMessage(message));
}

turns.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest("button") : null;
  const turn = Number(pressed?.closest<HTMLElement>("article")?.dataset["turn"]);
  const number = Number(pressed?.dataset["number"]);
  const action = pressed?.dataset["action"] ?? "open-citation";
  if (action === "open-thread") {
    host.postMessage({ kind: action, turn });
  } else if (isNumbered(action) && turn > 0 && number > 0) {
    host.postMessage({ kind: action, turn, number });
  }
});

type Numbered = "open-citation" | "open-page" | "show-patch" | "apply-patch";

function isNumbered(action: string): action is Numbered {
  return ["open-citation", "open-page", "show-patch", "apply-patch"].includes(action);
}

host.postMessage({ kind: "ready" });
