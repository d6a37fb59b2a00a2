import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../src/places/comparing.js";
import { below, endingsOf } from "../src/places/paths.js";
import { foldersOf, repositoryPath, sourceOf } from "../src/places/remotes.js";

const folder = (name: string, ...remotes: string[]) => ({ root: `/w/${name}`, name, remotes });

test("every way to write a remote is the same repository", () => {
  for (const remote of [
    "https://git.example/team/Payments.git",
    "https://ada:secret@git.example:8443/team/payments/",
    "ssh://git@git.example:22/team/payments.git",
    "git@git.example:team/payments.git",
    "git.example:team/payments",
    "/team/payments.git",
    "git@git.example:/team/payments.git?x#y",
  ]) {
    assert.equal(repositoryPath(remote), "team/payments", remote);
  }
});

test("the surest sign decides which folder a source is", () => {
  const byPath = folder("clone", "git@git.example:team/payments.git");
  const byLastPart = folder("other", "git@git.example:fork/team-payments.git");
  const byName = folder("team-payments");
  assert.deepEqual(foldersOf("team-payments", [byName, byLastPart, byPath]), [byPath]);
  assert.deepEqual(foldersOf("team-payments", [byName, byLastPart]), [byLastPart]);
  assert.deepEqual(foldersOf("Team.Payments", [byName]), [byName]);
  assert.deepEqual(foldersOf("payments", [byName]), []);
  const deep = folder("deep", "upstream.example:x/y", "https://git.example/org/team/payments");
  for (const name of ["payments", "team-payments", "org-team-payments"]) {
    assert.deepEqual(foldersOf(name, [byName, deep]), [deep], name);
  }
});

test("a folder is a source only when one name fits", () => {
  const clone = folder("clone", "git@git.example:team/payments.git");
  assert.equal(sourceOf(clone, ["orders", "payments"]), "payments");
  assert.equal(sourceOf(clone, ["team-payments", "payments"]), undefined);
  assert.equal(sourceOf(clone, ["orders"]), undefined);
});

test("no path of an answer leads out of the folder, or into git's own", () => {
  assert.equal(below("/w/shop", "src/a.py"), "/w/shop/src/a.py");
  for (const path of [
    "../etc/passwd",
    "src/../../x",
    "/etc/passwd",
    "src//a.py",
    "./a.py",
    "",
    "..\\..\\x",
    "C:/x",
    "a\0b",
    ".git/hooks/post-checkout",
    "sub/.GIT/config",
  ]) {
    assert.equal(below("/w/shop", path), undefined, path);
  }
});

test("a bare name is looked for only when it is the whole path", () => {
  assert.deepEqual(endingsOf("a/b/c.py"), ["a/b/c.py", "b/c.py"]);
  assert.deepEqual(endingsOf("c.py"), ["c.py"]);
});

test("cited lines are found where they were, or at the only place where they are now", () => {
  const cited = "two\nthree\n";
  assert.deepEqual(compare("one\r\ntwo \r\nthree\r\n", cited, 2), {
    kind: "same",
    firstLine: 2,
    lastLine: 3,
  });
  assert.deepEqual(compare("new\none\ntwo\nthree", cited, 2), {
    kind: "moved",
    firstLine: 3,
    lastLine: 4,
  });
});

test("lines that changed, are there twice, or are empty are not the cited ones", () => {
  assert.equal(compare("one\ntwo!\nthree", "two\nthree", 2).kind, "different");
  assert.equal(compare("two\nx\ntwo", "two", 2).kind, "different");
  assert.equal(compare("a\n\nb", "\n\n", 2).kind, "different");
  assert.equal(compare("", "two", 1).kind, "different");
  assert.equal(compare("two", "two", 99).kind, "moved");
});
