/**
 * One request over Node's own client. `fetch` cannot be told to trust a company's certificate authority,
 * and VS Code's proxy settings reach this client too.
 */

import * as http from "node:http";
import * as https from "node:https";
import { rootCertificates } from "node:tls";
import { PlumblineError, refused, unreachable } from "./errors.js";

export interface Sent {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Where an appliance is, and whom it is believed by. */
export interface Server {
  readonly address: URL;
  /** Certificates in PEM that are trusted beside the usual ones. */
  readonly authority?: string | undefined;
}

const SILENCE_MS = 60_000; // a stream says that it is still there every 15 seconds
const MOST_BYTES = 16 * 1024 * 1024;

/** Send a request; return the response once its head is there. Refusals are thrown. */
export async function send(server: Server, sent: Sent): Promise<http.IncomingMessage> {
  const response = await begin(server, sent);
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    return response;
  }
  const location = response.headers.location;
  if (status >= 300 && status < 400 && location !== undefined) {
    response.destroy();
    throw new PlumblineError(
      `${server.address.origin} sends its visitors on to ${location}. Enter the final address in the settings.`,
    );
  }
  throw refused(status, await wholeBody(server, response));
}

/** Send a request and return its whole answer as text. */
export async function ask(server: Server, sent: Sent): Promise<string> {
  return wholeBody(server, await send(server, sent));
}

/** Return the bytes of a response; what breaks the connection is told as a sentence. */
export async function* bytesOf(
  server: Server,
  response: http.IncomingMessage,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of response) {
      yield piece as Uint8Array;
    }
  } catch (error) {
    throw unreachable(server.address.origin, error);
  }
}

function begin(server: Server, sent: Sent): Promise<http.IncomingMessage> {
  const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
  const options: https.RequestOptions = {
    method: sent.method,
    timeout: SILENCE_MS,
    headers: {
      Accept: "application/json",
      "User-Agent": "plumbline-vscode",
      ...(body === undefined
        ? {}
        : {
            "Content-Type": "application/json",
            "Content-Length": String(Buffer.byteLength(body)),
          }),
      ...sent.headers,
    },
    ...(sent.signal ? { signal: sent.signal } : {}),
    ...(server.authority ? { ca: [...rootCertificates, server.authority] } : {}),
  };
  const client = server.address.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(new URL(sent.path, server.address), options, resolve);
    request.on("timeout", () => request.destroy(new Error("silence for a minute")));
    request.on("error", (error) => {
      reject(sent.signal?.aborted ? error : unreachable(server.address.origin, error));
    });
    request.end(body);
  });
}

async function wholeBody(server: Server, response: http.IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytesOf(server, response)) {
    size += piece.length;
    if (size > MOST_BYTES) {
      response.destroy();
      throw new PlumblineError(`The answer of ${server.address.origin} is too long.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
