/** What the API says, as the rest of the extension knows it. */

import { type Json, list, record, text, whole } from "./json.js";

export interface Place {
  readonly source: string;
  readonly commit: string;
  readonly path: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

export interface Citation extends Place {
  readonly number: number;
  readonly url: string;
  /** The cited lines. */
  readonly text: string;
}

export interface Patch {
  readonly source: string;
  readonly diff: string;
  /** Whether no check of the appliance failed. */
  readonly isUsable: boolean;
}

export interface Message {
  readonly id: string;
  readonly thread: string;
  readonly state: string;
  readonly text: string;
  readonly error: string;
  readonly supported: number;
  readonly unsupported: number;
  readonly citations: readonly Citation[];
  readonly patches: readonly Patch[];
}

export interface Hit extends Place {
  readonly symbol: string;
}

export interface Person {
  readonly user: string;
  readonly rights: readonly string[];
  /** The names of what this person's token reads. */
  readonly sources: readonly string[];
}

export interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly page: string;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

const FINAL_STATES = new Set(["done", "stopped", "failed"]);

export function isFinal(message: Message): boolean {
  return FINAL_STATES.has(message.state);
}

export function citation(value: unknown): Citation {
  const from = record(value);
  return {
    ...place(from, "first_line", "last_line"),
    number: whole(from, "number"),
    url: text(from, "url"),
    text: text(from, "text"),
  };
}

export function hit(value: unknown): Hit {
  const from = record(value);
  return { ...place(from, "start_line", "end_line"), symbol: text(from, "symbol") };
}

export function message(value: unknown): Message {
  const from = record(value);
  const thread = from["thread"];
  return {
    id: text(from, "id"),
    thread: typeof thread === "string" ? thread : text(record(thread), "id"),
    state: text(from, "state"),
    text: text(from, "text"),
    error: text(from, "error"),
    supported: whole(from, "supported"),
    unsupported: whole(from, "unsupported"),
    citations: list(from, "citations").map(citation),
    patches: list(from, "patches").map(patch),
  };
}

export function deviceCode(from: Json): DeviceCode {
  return {
    deviceCode: text(from, "device_code"),
    userCode: text(from, "user_code"),
    page: text(from, "verification_uri_complete") || text(from, "verification_uri"),
    expiresInSeconds: whole(from, "expires_in") || 600,
    intervalSeconds: whole(from, "interval") || 5,
  };
}

function patch(value: unknown): Patch {
  const from = record(value);
  return {
    source: text(from, "source"),
    diff: text(from, "diff"),
    isUsable: text(from, "state") !== "failed",
  };
}

function place(from: Json, first: string, last: string): Place {
  const firstLine = Math.max(1, whole(from, first));
  return {
    source: text(from, "source"),
    commit: text(from, "commit"),
    path: text(from, "path"),
    firstLine,
    lastLine: Math.max(firstLine, whole(from, last)),
  };
}
