import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { pageOf, serverAddress } from "../src/api/address.js";
import { Appliance } from "../src/api/appliance.js";
import { tokenFor } from "../src/api/device.js";
import { NotSignedIn, PlumblineError, Refused, Unreachable } from "../src/api/errors.js";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Serve on this machine while `use` runs. */
async function served(answer: Answer, use: (appliance: Appliance) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(new Appliance({ address: new URL(`http://127.0.0.1:${port}`) }, "plumb_x"));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const problem =
  (status: number, told: object): Answer =>
  (_, response) => {
    response.writeHead(status, { "Content-Type": "application/problem+json" });
    response.end(JSON.stringify(told));
  };

test("a question is sent once, with the token, and its thread goes on", async () => {
  const seen: { url: string; headers: IncomingMessage["headers"]; body: unknown }[] = [];
  await served(
    (request, response, body) => {
      seen.push({ url: request.url ?? "", headers: request.headers, body: JSON.parse(body) });
      response.end(JSON.stringify({ thread: { id: "t" }, message: { id: "m", state: "queued" } }));
    },
    async (appliance) => {
      const asked = { text: "Why?", mode: "auto", sources: ["shop"], set: "web" };
      const first = await appliance.ask({ ...asked, thread: undefined });
      assert.deepEqual([first.id, first.thread], ["m", "t"]);
      await appliance.ask({ ...asked, thread: "t" });
    },
  );
  assert.deepEqual(
    seen.map(({ url }) => url),
    ["/api/v1/threads", "/api/v1/threads/t/messages"],
  );
  assert.equal(seen[0]?.headers.authorization, "Bearer plumb_x");
  assert.notEqual(seen[0]?.headers["idempotency-key"], seen[1]?.headers["idempotency-key"]);
  assert.deepEqual(seen[0]?.body, {
    question: "Why?",
    mode: "auto",
    sources: ["shop"],
    set: "web",
  });
});

test("a question whose answer broke off is sent again under the same key", async () => {
  const keys: unknown[] = [];
  await served(
    (request, response) => {
      keys.push(request.headers["idempotency-key"]);
      if (keys.length === 1) {
        response.destroy();
      } else {
        response.end(JSON.stringify({ thread: { id: "t" }, message: { id: "m" } }));
      }
    },
    async (appliance) => {
      const asked = { text: "Why?", mode: "auto", sources: [], set: "", thread: undefined };
      assert.equal((await appliance.ask(asked)).id, "m");
    },
  );
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

test("the appliance's own sentence is told, and each kind of refusal is its own error", async () => {
  const detail = "There is no source 'x'.";
  await served(problem(404, { detail }), (appliance) =>
    assert.rejects(appliance.me(), (error) => error instanceof Refused && error.message === detail),
  );
  await served(problem(401, {}), (appliance) => assert.rejects(appliance.me(), NotSignedIn));
  await served(problem(500, {}), (appliance) => assert.rejects(appliance.me(), /error 500/));
  await served(
    (_, response) => response.end("<html>A portal</html>"),
    (appliance) => assert.rejects(appliance.me(), /no Plumbline appliance/),
  );
});

test("nobody is sent on to another host with the token", async () => {
  await served(
    (_, response) => {
      response.writeHead(302, { Location: "https://elsewhere.example/" });
      response.end();
    },
    (appliance) => assert.rejects(appliance.me(), /elsewhere\.example/),
  );
});

test("a host that is not there, and one that breaks off, are told in words", async () => {
  const gone = new Appliance({ address: new URL("http://127.0.0.1:9") }, "");
  await assert.rejects(gone.me(), (error) => error instanceof Unreachable);
  await served(
    (_, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("{", () => response.destroy());
    },
    (appliance) => assert.rejects(appliance.me(), Unreachable),
  );
});

test("names of files cannot lead to other addresses", async () => {
  const urls: string[] = [];
  const place = { source: "a/b?", commit: "c", firstLine: 1, lastLine: 2 };
  await served(
    (request, response) => {
      urls.push(request.url ?? "");
      response.end("{}");
    },
    async (appliance) => {
      await appliance.linesAt({ ...place, path: "src/é#.py" });
      await assert.rejects(appliance.linesAt({ ...place, path: "../../me" }), PlumblineError);
    },
  );
  assert.deepEqual(urls, ["/api/v1/files/a%2Fb%3F/c/src/%C3%A9%23.py?lines=1-2"]);
});

test("without TLS a token goes no further than this machine", () => {
  assert.equal(
    serverAddress(" https://plumbline.example/ask/ ").href,
    "https://plumbline.example/",
  );
  assert.equal(serverAddress("http://localhost:8000").port, "8000");
  for (const wrong of ["", "plumbline", "ftp://x", "http://plumbline.example", "https://a:b@x"]) {
    assert.throws(() => serverAddress(wrong), PlumblineError, wrong);
  }
});

test("only pages of the appliance are opened", () => {
  const server = new URL("https://plumbline.example");
  const page = "https://plumbline.example/files/x?a=b#L1";
  assert.equal(pageOf(server, "/files/x?a=b#L1").href, page);
  assert.equal(pageOf(server, "http://inside:8000/files/x?a=b#L1").href, page);
  for (const url of [
    "https://evil.example/x",
    "//evil.example/x",
    "https://plumbline.example//evil.example/x",
    "javascript:x",
    "file:///x",
    "data:text/html,x",
    "https://",
    "",
  ]) {
    assert.equal(pageOf(server, url).origin, "https://plumbline.example", url);
  }
});

const CODE = { deviceCode: "d", userCode: "u", page: "", expiresInSeconds: 60, intervalSeconds: 5 };

async function waited(answers: readonly string[]): Promise<[string | undefined, number[]]> {
  const left = [...answers];
  const pauses: number[] = [];
  const pollDevice = async () => {
    const next = left.shift() ?? "expired_token";
    if (next === "broken") {
      throw new Unreachable("gone");
    }
    return next.startsWith("plumb_") ? { token: next } : { waiting: next };
  };
  const pause = async (seconds: number) => {
    pauses.push(seconds);
  };
  return [await tokenFor({ pollDevice }, CODE, pause, () => false), pauses];
}

test("signing in waits as long as it is told to", async () => {
  const answers = ["authorization_pending", "slow_down", "broken", "plumb_y"];
  assert.deepEqual(await waited(answers), ["plumb_y", [5, 5, 10, 15]]);
});

test("a sign-in that was refused, or that nobody confirmed, ends", async () => {
  await assert.rejects(waited(["access_denied"]), /refused/);
  await assert.rejects(waited(Array(99).fill("authorization_pending")), /has ended/);
});
