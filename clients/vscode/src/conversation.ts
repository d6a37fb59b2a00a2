/** The thread that the view shows: asks, follows each answer, keeps what was said. */

import type { Appliance, Question, Scope } from "./api/appliance.js";
import { PlumblineError, sentenceOf } from "./api/errors.js";
import { follow, type Progress } from "./api/following.js";
import type { Citation, Message, Patch } from "./api/shapes.js";
import { filesOf } from "./patches/parsing.js";

export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly about: string;
  readonly text: string;
  readonly status: string;
  readonly error: string;
  readonly isRunning: boolean;
  readonly citations: readonly Citation[];
  readonly patches: readonly Patch[];
  readonly thread: string;
}

export interface Asked extends Scope {
  /** The person's words, as the view shows them. */
  readonly words: string;
  /** The lines in question, in words; empty without a selection. */
  readonly about: string;
  /** All that is sent. */
  readonly text: string;
  readonly mode: string;
}

type Api = Pick<Appliance, "ask" | "events" | "message" | "stop">;

const ENDINGS: { readonly [state: string]: string } = {
  done: "Answered",
  stopped: "Stopped",
  failed: "No answer",
};

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export class Conversation {
  private turns: Turn[] = [];
  private thread: string | undefined;
  private running: { readonly stop: AbortController; message: string; api: Api } | undefined;

  constructor(private readonly changed: (turn: Turn) => void) {}

  get all(): readonly Turn[] {
    return this.turns;
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  find(id: number): Turn | undefined {
    return this.turns.find((turn) => turn.id === id);
  }

  /** Forget the thread here; the appliance keeps it. */
  async begin(): Promise<void> {
    await this.stop();
    this.turns = [];
    this.thread = undefined;
  }

  /** Ask, and return when the answer is whole. What fails is told in the turn, never thrown. */
  async ask(api: Api, asked: Asked): Promise<void> {
    if (this.running !== undefined) {
      throw new PlumblineError("An answer is being written. Stop it or wait until it is whole.");
    }
    const running = { stop: new AbortController(), message: "", api };
    this.running = running;
    const id = this.add(asked);
    try {
      const question: Question = { ...asked, thread: this.thread };
      const begun = await api.ask(question);
      running.message = begun.id;
      this.thread = begun.thread || this.thread;
      this.change(id, { thread: this.thread ?? "" });
      if (running.stop.signal.aborted) {
        await api.stop(begun.id); // it was pressed before the appliance had said what to stop
      }
      const show = (progress: Progress) => this.change(id, shown(progress));
      const message = await follow(api, begun.id, running.stop.signal, show, pause);
      this.change(id, ended(message));
    } catch (error) {
      const wasStopped = running.stop.signal.aborted;
      const error_ = wasStopped ? "" : sentenceOf(error);
      this.change(id, { status: wasStopped ? "Stopped" : "No answer", error: error_ });
    } finally {
      this.running = undefined;
      this.change(id, { isRunning: false });
    }
  }

  /** Tell the appliance to stop; its stream then ends with what was written. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) {
      return;
    }
    try {
      if (running.message !== "") {
        await running.api.stop(running.message);
        await Promise.race([this.ending(running), pause(3)]);
      }
    } finally {
      running.stop.abort();
    }
  }

  private async ending(running: object): Promise<void> {
    while (this.running === running) {
      await pause(0.05);
    }
  }

  private add(asked: Asked): number {
    const id = (this.turns.at(-1)?.id ?? 0) + 1;
    const turn: Turn = {
      id,
      question: asked.words,
      about: asked.about,
      text: "",
      status: "Asking",
      error: "",
      isRunning: true,
      citations: [],
      patches: [],
      thread: "",
    };
    this.turns = [...this.turns, turn];
    this.changed(turn);
    return id;
  }

  private change(id: number, to: Partial<Turn>): void {
    const turn = this.find(id);
    if (turn !== undefined) {
      const changed = { ...turn, ...to };
      this.turns = this.turns.map((each) => (each.id === id ? changed : each));
      this.changed(changed);
    }
  }
}

function shown({ state, before, text, citations }: Progress): Partial<Turn> {
  return { status: statusOf(state, before), text, citations };
}

function ended(message: Message): Partial<Turn> {
  return {
    status: [ENDINGS[message.state] ?? "", supportOf(message)].filter(Boolean).join(". "),
    text: message.text,
    error: message.state === "failed" ? message.error || "No answer came. Ask again." : "",
    citations: message.citations,
    patches: message.patches.filter(({ isUsable, diff }) => isUsable && filesOf(diff).length > 0),
  };
}

/** Say how much of an answer its cited lines carry, as the appliance counted. */
function supportOf({ supported, unsupported }: Message): string {
  const all = supported + unsupported;
  return all === 0 ? "" : `${supported} of ${all} sentences supported by the cited lines`;
}

function statusOf(state: string, before: number): string {
  if (state === "queued") {
    return before > 0 ? `Waiting, ${before} before you` : "Waiting";
  }
  return state === "searching" ? "Searching" : "Writing";
}
