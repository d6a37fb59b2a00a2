import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf } from "../src/patches/parsing.js";
import { difference, place } from "../src/patches/placing.js";

const HEAD = "--- a/a.py\n+++ b/a.py\n";
const CHANGE = `${HEAD}@@ -2,3 +2,3 @@ def f():\n two\n-three\n+THREE\n four\n`;
const TEXT = "one\ntwo\nthree\nfour\n";

function placed(diff: string, here: string) {
  const [file] = filesOf(diff);
  assert.ok(file);
  return place(file, here);
}

const fits = (text: string) => ({ fits: true, text });
const refusal = (diff: string, here: string) => {
  const result = placed(diff, here);
  return result.fits ? "" : result.reason;
};

test("a change goes where its numbers say", () => {
  assert.deepEqual(placed(CHANGE, TEXT), fits("one\ntwo\nTHREE\nfour\n"));
});

test("lines that moved are found", () => {
  assert.deepEqual(placed(CHANGE, `zero\n${TEXT}`), fits("zero\none\ntwo\nTHREE\nfour\n"));
});

test("line ends stay as they are here", () => {
  assert.deepEqual(
    placed(CHANGE, TEXT.replace(/\n/g, "\r\n")),
    fits("one\r\ntwo\r\nTHREE\r\nfour\r\n"),
  );
});

test("a change does not fit lines that changed, or that are there twice", () => {
  assert.match(refusal(CHANGE, "one\ntwo\n3\nfour\n"), /not in the file.*line 2/);
  const block = "two\nthree\nfour\n";
  assert.match(refusal(CHANGE, `x\nx\n${block}${block}`), /several times/);
});

test("later hunks are shifted by those before them, and one that fails refuses all", () => {
  const two = `${HEAD}@@ -1,1 +1,2 @@\n-one\n+1\n+1b\n@@ -4,1 +5,1 @@\n-four\n+4\n`;
  assert.deepEqual(placed(two, TEXT), fits("1\n1b\ntwo\nthree\n4\n"));
  assert.equal(placed(two, "one\ntwo\n").fits, false);
});

test("lines are added at a place of their own, and into an empty file", () => {
  assert.deepEqual(
    placed(`${HEAD}@@ -1,0 +2,1 @@\n+1b\n`, TEXT),
    fits("one\n1b\ntwo\nthree\nfour\n"),
  );
  assert.deepEqual(placed(`${HEAD}@@ -0,0 +1,1 @@\n+one\n`, ""), fits("one\n"));
});

test("the end of the last line is added and taken away as the patch says", () => {
  const mark = "\\ No newline at end of file\n";
  const adds = `${HEAD}@@ -1,1 +1,1 @@\n-one\n${mark}+one\n`;
  const takes = `${HEAD}@@ -1,1 +1,1 @@\n-one\n+one\n${mark}`;
  assert.deepEqual(placed(adds, "one"), fits("one\n"));
  assert.deepEqual(placed(takes, "one\n"), fits("one"));
  assert.deepEqual(placed(`${HEAD}@@ -1,1 +1,1 @@\n-one\n${mark}+1\n${mark}`, "one"), fits("1"));
});

test("a new file is made only where there is none", () => {
  const made = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n";
  assert.deepEqual(placed(made, ""), fits("a\nb\n"));
  assert.equal(placed(made, "x").fits, false);
});

test("files are told apart, also when lines look like headings", () => {
  const files = filesOf(
    `diff --git a/a.py b/a.py\nindex 1..2 100644\n${CHANGE}--- a/b.sql\n+++ b/b.sql\t2026\n@@ -1 +1 @@\n--- old\n+++ new\n`,
  );
  assert.deepEqual(
    files.map(({ path }) => path),
    ["a.py", "b.sql"],
  );
  assert.deepEqual(files[1]?.hunks[0]?.before, ["-- old"]);
});

test("deletions, and hunks that end too early, are no changes", () => {
  assert.deepEqual(filesOf("--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"), []);
  assert.deepEqual(filesOf(`${HEAD}@@ -1,5 +1,5 @@\n one\n`), []);
  assert.deepEqual(filesOf("--- a/a.py"), []);
  assert.deepEqual(filesOf(`${HEAD}@@ -1,999999999 +1,999999999 @@\n`), []);
});

test("only the stretch that differs is replaced", () => {
  assert.deepEqual(difference("abcd", "abXd"), { start: 2, end: 3, text: "X" });
  assert.deepEqual(difference("aa", "aaa"), { start: 2, end: 2, text: "a" });
  assert.deepEqual(difference("same", "same"), { start: 4, end: 4, text: "" });
});
