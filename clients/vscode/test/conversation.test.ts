import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused } from "../src/api/errors.js";
import { type Message, message } from "../src/api/shapes.js";
import type { ServerEvent } from "../src/api/sse.js";
import { type Asked, Conversation } from "../src/conversation.js";
import { aboutSelection, toFix, tooLong } from "../src/questions.js";

const ASKED: Asked = { words: "Why?", about: "", text: "Why?", mode: "auto", sources: [], set: "" };

const ANSWERED = "Answered. 2 of 2 sentences supported by the cited lines";
const DIFF = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-one\n+1\n";
const PATCHES = [
  { source: "shop", diff: DIFF, state: "marked" },
  { source: "shop", diff: DIFF, state: "failed" },
  { source: "shop", diff: "nothing", state: "good" },
];

/** An appliance that writes until it is stopped. */
class Api {
  readonly threads: (string | undefined)[] = [];
  readonly stopped: string[] = [];
  private release: () => void = () => undefined;

  async ask({ thread }: { thread: string | undefined }): Promise<Message> {
    this.threads.push(thread);
    return message({ id: `m${this.threads.length}`, thread: "t" });
  }

  async *events(id: string): AsyncGenerator<ServerEvent> {
    yield { name: "text", data: '{"text": "Bec"}', id: "1" };
    await new Promise<void>((resolve) => {
      this.release = resolve;
    });
    const state = this.stopped.includes(id) ? "stopped" : "done";
    const whole = { id, thread: "t", state, text: "Because.", supported: 2, patches: PATCHES };
    yield { name: "done", data: JSON.stringify({ message: whole }), id: "2" };
  }

  async message(id: string): Promise<Message> {
    return message({ id });
  }

  async stop(id: string): Promise<void> {
    this.stopped.push(id);
    this.finish();
  }

  finish(): void {
    this.release();
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a second question goes on in the thread of the first", async () => {
  const api = new Api();
  const conversation = new Conversation(() => undefined);
  for (const _ of [1, 2]) {
    const asking = conversation.ask(api, ASKED);
    await soon();
    assert.equal(conversation.all.at(-1)?.text, "Bec");
    await assert.rejects(conversation.ask(api, ASKED), /being written/);
    api.finish();
    await asking;
  }
  assert.deepEqual(api.threads, [undefined, "t"]);
  const last = conversation.all.at(-1);
  assert.deepEqual([last?.text, last?.status, last?.isRunning], ["Because.", ANSWERED, false]);
  assert.equal(last?.patches.length, 1, "a change that failed a check is not offered");
  await conversation.begin();
  assert.equal(conversation.all.length, 0);
});

test("stop tells the appliance, and shows what was written", async () => {
  const api = new Api();
  const conversation = new Conversation(() => undefined);
  const asking = conversation.ask(api, ASKED);
  await soon();
  await conversation.stop();
  await asking;
  assert.deepEqual(api.stopped, ["m1"]);
  assert.match(conversation.all[0]?.status ?? "", /^Stopped/);
  assert.equal(conversation.isRunning, false);
});

test("what is refused is told in the turn, and the next question can be asked", async () => {
  const api = new Api();
  const refusing = Object.assign(new Api(), {
    ask: () => Promise.reject(new Refused("Too many questions at once.", 429, "")),
  });
  const conversation = new Conversation(() => undefined);
  await conversation.ask(refusing, ASKED);
  assert.equal(conversation.all[0]?.error, "Too many questions at once.");
  const asking = conversation.ask(api, ASKED);
  await soon();
  api.finish();
  await asking;
  assert.equal(conversation.all[1]?.status, ANSWERED);
});

const SELECTION = {
  path: "src/a.py",
  source: "shop",
  language: "python",
  firstLine: 3,
  lastLine: 4,
  text: 'x = """\r\n```\r\n"""\r\n',
};

test("a selection is quoted with its place, in a fence that it cannot close", () => {
  assert.equal(
    aboutSelection(" Why? ", SELECTION),
    'Why?\n\nsrc/a.py, lines 3 to 4 of shop:\n````python\nx = """\n```\n"""\n````',
  );
});

test("what the editor reports goes with what is to be fixed", () => {
  assert.match(toFix(SELECTION, [{ line: 3, text: "unused (ruff)" }]), /- line 3: unused \(ruff\)/);
  assert.match(toFix(SELECTION, []), /^Find what is wrong/);
});

test("too much text is refused before it is sent", () => {
  assert.equal(tooLong(SELECTION), undefined);
  assert.match(tooLong({ ...SELECTION, text: "x".repeat(20_000) }) ?? "", /Select less/);
});
