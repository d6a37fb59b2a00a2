import assert from "node:assert/strict";
import { test } from "node:test";
import { NotSignedIn, Unreachable } from "../src/api/errors.js";
import { follow, type Progress } from "../src/api/following.js";
import { type Message, message } from "../src/api/shapes.js";
import type { ServerEvent } from "../src/api/sse.js";

const now = async () => undefined;
const said = (id: string, text: string, at = 0): ServerEvent => ({
  name: "text",
  data: JSON.stringify({ at, text }),
  id,
});
const done = (id: string): ServerEvent => ({
  name: "done",
  data: JSON.stringify({ message: { id: "m", state: "done", text: "Twice." } }),
  id,
});

/** Plays one list of events for each connection, and breaks it after them. */
function api(connections: readonly (readonly ServerEvent[] | Error)[], state = "writing") {
  const asked: string[] = [];
  return {
    asked,
    async *events(_: string, after: string): AsyncGenerator<ServerEvent> {
      asked.push(after);
      const events = connections[asked.length - 1] ?? new Unreachable("gone");
      if (events instanceof Error) {
        throw events;
      }
      yield* events;
    },
    async message(): Promise<Message> {
      return message({ id: "m", state, text: "As it was written down." });
    },
  };
}

async function followed(from: ReturnType<typeof api>): Promise<[Message, Progress[]]> {
  const seen: Progress[] = [];
  const signal = new AbortController().signal;
  return [await follow(from, "m", signal, (progress) => seen.push(progress), now), seen];
}

test("the text grows, and the whole message replaces it", async () => {
  const [whole, seen] = await followed(api([[said("1", "Tw"), said("2", "ice", 2), done("3")]]));
  assert.deepEqual(
    seen.map(({ text }) => text),
    ["Tw", "Twice"],
  );
  assert.equal(whole.text, "Twice.");
});

test("a broken connection goes on after the last event", async () => {
  const from = api([[said("1", "Tw")], new Unreachable("gone"), [said("2", "ice", 2), done("3")]]);
  const [, seen] = await followed(from);
  assert.deepEqual(from.asked, ["", "1", "1"]);
  assert.equal(seen.at(-1)?.text, "Twice");
});

test("without ids a new connection tells all of it again", async () => {
  const from = api([[said("", "Tw")], [said("", "Tw"), said("", "ice", 2), done("")]]);
  const [, seen] = await followed(from);
  assert.equal(seen.at(-1)?.text, "Twice");
});

test("an answer that became whole meanwhile is taken as it was written down", async () => {
  const [whole] = await followed(api([[said("1", "Tw")]], "done"));
  assert.equal(whole.text, "As it was written down.");
});

test("connections that tell nothing are given up", async () => {
  const from = api([]);
  await assert.rejects(followed(from), Unreachable);
  assert.equal(from.asked.length, 5);
});

test("a token that was taken back ends it at once", async () => {
  const from = api([[said("1", "Tw")], new NotSignedIn("This token is not known.")]);
  await assert.rejects(followed(from), NotSignedIn);
});

test("a text from the beginning replaces what was written", async () => {
  const cited = { name: "citation", data: '{"number": 1}', id: "2" };
  const [, seen] = await followed(api([[said("1", "Tw"), cited, said("3", "Thrice"), done("4")]]));
  assert.deepEqual([seen.at(-1)?.text, seen.at(-1)?.citations], ["Thrice", []]);
});

test("an answer that may not be seen any more ends in a sentence", async () => {
  const gone = { name: "error", data: '{"status": 404, "detail": "It is gone."}', id: "2" };
  await assert.rejects(followed(api([[said("1", "Tw"), gone]])), /It is gone\./);
});
