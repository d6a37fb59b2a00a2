/** The view in the side bar: its page, and what happens when something in it is pressed. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { NotSignedIn, PlumblineError, Unreachable } from "../api/errors.js";
import type { Citation, Patch } from "../api/shapes.js";
import { type Asked, Conversation, type Turn } from "../conversation.js";
import { filesOf } from "../patches/parsing.js";
import { aboutSelection, placeName, type Selection } from "../questions.js";
import { pageHtml } from "../view/page.js";
import type { FromView, ShownTurn, ToView } from "../view/protocol.js";
import { placeOf, rendered } from "../view/rendering.js";
import { applyPatch, type ProposedTexts, showPatch } from "./changing.js";
import { openPage, openPlace } from "./opening.js";
import type { Session } from "./session.js";
import { defaultScope } from "./settings.js";

export const VIEW = "plumbline.ask";
const PAUSE_MS = 80; // between two looks at an answer that grows

export class AskView implements vscode.WebviewViewProvider {
  private view: vscode.WebviewView | undefined;
  private selection: Selection | undefined;
  /** Whose answers are shown, of which appliance. */
  private shownFor = "";
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  private readonly conversation = new Conversation((turn) => this.later(turn));

  constructor(
    private readonly extension: vscode.Uri,
    private readonly session: Session,
    private readonly texts: ProposedTexts,
    private readonly tell: (work: Promise<void>) => void,
  ) {
    session.onChange(() => this.tell(this.showPerson()));
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const file = (...parts: string[]) => vscode.Uri.joinPath(this.extension, ...parts);
    const { webview } = view;
    this.view = view;
    webview.options = { enableScripts: true, localResourceRoots: [file("dist"), file("media")] };
    webview.html = pageHtml({
      nonce: randomBytes(16).toString("hex"),
      style: webview.asWebviewUri(file("media", "view.css")).toString(),
      script: webview.asWebviewUri(file("dist", "view.js")).toString(),
      origin: webview.cspSource,
    });
    webview.onDidReceiveMessage((message: FromView) => this.tell(this.take(message)));
    view.onDidDispose(() => {
      this.view = undefined;
    });
  }

  /** Bring the view forward, with lines that the next question is about. */
  async prompt(selection: Selection | undefined): Promise<void> {
    this.selection = selection;
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.post({ kind: "prompt", about: selection ? placeName(selection) : "", words: "" });
  }

  async ask(asked: Omit<Asked, "sources" | "set">): Promise<void> {
    const appliance = await this.session.appliance();
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    await this.conversation.ask(appliance, { ...asked, ...defaultScope() });
  }

  async newThread(): Promise<void> {
    await this.conversation.begin();
    this.showTurns();
  }

  stop(): Promise<void> {
    return this.conversation.stop();
  }

  private async take(message: FromView): Promise<void> {
    switch (message.kind) {
      case "ready":
        return this.showAll();
      case "sign-in":
        await vscode.commands.executeCommand("plumbline.signIn");
        return;
      case "stop":
        return this.stop();
      case "new-thread":
        return this.newThread();
      case "forget-selection":
        return this.prompt(undefined);
      case "ask":
        return this.askFromView(message.text, message.mode);
      case "open-thread":
        return this.openThread(message.turn);
      case "open-citation":
      case "open-page":
        return this.open(message.kind, this.citation(message.turn, message.number));
      case "show-patch":
        return showPatch(this.patch(message.turn, message.number), this.texts);
      case "apply-patch":
        return applyPatch(this.patch(message.turn, message.number));
    }
  }

  private async askFromView(words: string, mode: string): Promise<void> {
    const { selection } = this;
    const text = selection ? aboutSelection(words, selection) : words;
    const about = selection ? placeName(selection) : "";
    this.selection = undefined;
    this.post({ kind: "prompt", about: "", words: "" });
    let isAnswered = false;
    try {
      await this.ask({ words, about, text, mode });
      isAnswered = this.conversation.all.at(-1)?.error === "";
    } finally {
      if (!isAnswered) {
        this.selection = selection; // nobody writes a question twice
        this.post({ kind: "prompt", about, words });
      }
    }
  }

  private async openThread(turn: number): Promise<void> {
    const { server } = await this.session.appliance();
    const thread = encodeURIComponent(this.conversation.find(turn)?.thread ?? "");
    const page = new URL(`/threads/${thread}/`, server.address);
    await vscode.env.openExternal(vscode.Uri.parse(page.href, true));
  }

  private async open(kind: "open-citation" | "open-page", cited: Citation): Promise<void> {
    const appliance = await this.session.appliance();
    await (kind === "open-page" ? openPage : openPlace)(appliance, cited);
  }

  private citation(turn: number, number: number): Citation {
    const { citations } = this.conversation.find(turn) ?? { citations: [] };
    return there(citations.find((cited) => cited.number === number));
  }

  private patch(turn: number, number: number): Patch {
    return there(this.conversation.find(turn)?.patches[number - 1]);
  }

  private async showAll(): Promise<void> {
    this.showTurns();
    await this.showPerson();
    const about = this.selection ? placeName(this.selection) : "";
    this.post({ kind: "prompt", about, words: "" });
  }

  private async showPerson(): Promise<void> {
    try {
      const person = await this.session.person();
      const host = person && (await this.session.appliance()).server.address.host;
      await this.showAs(person ? `Signed in to ${host} as ${person.user}.` : "");
    } catch (error) {
      if (error instanceof Unreachable) {
        this.post({ kind: "person", who: error.message });
        return;
      }
      await this.showAs("");
      if (!(error instanceof NotSignedIn)) {
        throw error;
      }
    }
  }

  /** What one person was told is not for the next, nor a thread for another appliance. */
  private async showAs(who: string): Promise<void> {
    const before = this.shownFor;
    this.shownFor = who;
    if (before !== "" && before !== who) {
      await this.newThread();
    }
    this.post({ kind: "person", who });
  }

  private showTurns(): void {
    this.post({ kind: "turns", turns: this.conversation.all.map(shown) });
  }

  /** Show what changed soon, and once for many changes. */
  private later(turn: Turn): void {
    if (!this.waiting.has(turn.id)) {
      const timer = setTimeout(() => {
        this.waiting.delete(turn.id);
        const now = this.conversation.find(turn.id);
        if (now !== undefined) {
          this.post({ kind: "turn", turn: shown(now) });
        }
      }, PAUSE_MS);
      this.waiting.set(turn.id, timer);
    }
  }

  private post(message: ToView): void {
    void this.view?.webview.postMessage(message);
  }
}

function there<T>(found: T | undefined): T {
  if (found === undefined) {
    throw new PlumblineError("This is not in the answer any more.");
  }
  return found;
}

function shown(turn: Turn): ShownTurn {
  return {
    id: turn.id,
    question: turn.question,
    about: turn.about,
    answer: rendered(turn.text, turn.citations),
    status: turn.status,
    error: turn.error,
    isRunning: turn.isRunning,
    citations: turn.citations.map((cited) => ({
      number: cited.number,
      place: placeOf(cited),
      source: cited.source,
    })),
    patches: turn.patches.map((patch, at) => ({
      number: at + 1,
      files: filesOf(patch.diff).map((file) => file.path),
    })),
    hasPage: turn.thread !== "",
  };
}
