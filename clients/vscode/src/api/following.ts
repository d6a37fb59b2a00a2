/** Follows an answer until it is whole, over connections that may break. */

import type { Appliance } from "./appliance.js";
import { refused, Unreachable } from "./errors.js";
import { parsed, text, whole } from "./json.js";
import { type Citation, citation, isFinal, type Message, message } from "./shapes.js";
import type { ServerEvent } from "./sse.js";

const MOST_BREAKS = 5; // one after another, without an event between them

/** What is known of an answer while it is written. */
export interface Progress {
  readonly state: string;
  /** How many answers are begun before this one. */
  readonly before: number;
  readonly text: string;
  readonly citations: readonly Citation[];
}

interface Seen {
  readonly lastId: string;
  readonly progress: Progress;
  /** How many connections ended one after another without telling anything. */
  readonly breaks: number;
}

const NOTHING: Progress = { state: "queued", before: 0, text: "", citations: [] };

type Api = Pick<Appliance, "events" | "message">;

/** Return the whole answer; `show` is called with what is there so far. */
export async function follow(
  api: Api,
  id: string,
  signal: AbortSignal,
  show: (progress: Progress) => void,
  pause: (seconds: number) => Promise<void>,
): Promise<Message> {
  let seen: Seen = { lastId: "", progress: NOTHING, breaks: 0 };
  while (seen.breaks < MOST_BREAKS) {
    const before = seen;
    const keep = (now: Seen) => {
      seen = now;
      show(now.progress);
    };
    const whole = await connection(api, id, signal, before, keep);
    if (whole !== undefined) {
      return whole;
    }
    await pause(2 ** seen.breaks / 2);
    const now = await api.message(id, signal);
    if (isFinal(now)) {
      return now;
    }
    seen = { ...seen, breaks: seen === before ? seen.breaks + 1 : 1 };
  }
  throw new Unreachable(
    "The connection to the appliance broke several times. Open the thread there.",
  );
}

/** Follow one connection; return the message if it came to its end, nothing if it broke. */
async function connection(
  api: Api,
  id: string,
  signal: AbortSignal,
  before: Seen,
  keep: (now: Seen) => void,
): Promise<Message | undefined> {
  // Without ids the new connection tells all of it again.
  let progress = before.lastId === "" ? NOTHING : before.progress;
  try {
    for await (const event of api.events(id, before.lastId, signal)) {
      if (event.name === "done") {
        return await wholeMessage(api, id, event, signal);
      }
      if (event.name === "error") {
        throw refused(whole(parsed(event.data), "status"), event.data);
      }
      progress = after(progress, event);
      keep({ lastId: event.id, progress, breaks: 0 });
    }
  } catch (error) {
    if (!(error instanceof Unreachable) || signal.aborted) {
      throw error;
    }
  }
  return undefined;
}

/** Return what is known after one more event. */
export function after(progress: Progress, event: ServerEvent): Progress {
  const data = parsed(event.data);
  switch (event.name) {
    case "state":
      return { ...progress, state: text(data, "state"), before: whole(data, "queue_position") };
    case "text":
      return written(progress, whole(data, "at"), text(data, "text"));
    case "citation":
      return { ...progress, citations: [...progress.citations, citation(data)] };
    default:
      return progress;
  }
}

/** A text from the beginning replaces what was written: the appliance took a sentence back. */
function written(progress: Progress, at: number, text: string): Progress {
  return at === 0
    ? { ...progress, text, citations: [] }
    : { ...progress, text: progress.text + text };
}

async function wholeMessage(
  api: Api,
  id: string,
  event: ServerEvent,
  signal: AbortSignal,
): Promise<Message> {
  const data = parsed(event.data);
  const sent = message(data["message"] ?? data);
  return sent.id === "" ? api.message(id, signal) : sent;
}
