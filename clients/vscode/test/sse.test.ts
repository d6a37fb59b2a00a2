import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, eventsIn, type ServerEvent } from "../src/api/sse.js";

const STREAM =
  ': still here\n\nid: 1\nevent: state\ndata: {"state": "searching"}\n\n' +
  "id: 2\r\nevent: text\r\ndata: one\r\ndata:two\r\n\r\nid: 3\rdata: three\r\rdata: cut off";
const EXPECTED: readonly ServerEvent[] = [
  { name: "state", data: '{"state": "searching"}', id: "1" },
  { name: "text", data: "one\ntwo", id: "2" },
  { name: "message", data: "three", id: "3" },
];

test("every way to end lines is read, and what is cut off is no event", () => {
  assert.deepEqual(new EventParser().feed(STREAM), EXPECTED);
});

test("pieces may end anywhere", () => {
  for (let size = 1; size < STREAM.length; size += 1) {
    const parser = new EventParser();
    const found: ServerEvent[] = [];
    for (let at = 0; at < STREAM.length; at += size) {
      found.push(...parser.feed(STREAM.slice(at, at + size)));
    }
    assert.deepEqual(found, EXPECTED, `pieces of ${size}`);
  }
});

test("a letter that is cut in two is whole again", async () => {
  const bytes = new TextEncoder().encode("data: Gebühr\n\n");
  async function* byteByByte() {
    for (const byte of bytes) {
      yield Uint8Array.of(byte);
    }
  }
  const found: string[] = [];
  for await (const event of eventsIn(byteByByte())) {
    found.push(event.data);
  }
  assert.deepEqual(found, ["Gebühr"]);
});

test("an id lasts until the next one; one with a zero byte is none", () => {
  const events = new EventParser().feed("id: 7\ndata: a\n\nid: \0\ndata: b\n\n");
  assert.deepEqual(
    events.map(({ id }) => id),
    ["7", "7"],
  );
});
