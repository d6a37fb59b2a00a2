/** The appliance's REST API, one method for each address that the extension uses. */

import { randomUUID } from "node:crypto";
import { PlumblineError, Refused, Unreachable } from "./errors.js";
import { ask, bytesOf, type Sent, type Server, send } from "./http.js";
import { list, parsed, record, text, texts } from "./json.js";
import * as shapes from "./shapes.js";
import { eventsIn, type ServerEvent } from "./sse.js";

const API = "/api/v1";

/** What is asked about or searched: sources and a named set of them; empty: all that may be read. */
export interface Scope {
  readonly sources: readonly string[];
  readonly set: string;
}

export interface Question extends Scope {
  readonly text: string;
  readonly mode: string;
  /** The thread that is continued; without one a new thread begins. */
  readonly thread: string | undefined;
}

export class Appliance {
  constructor(
    readonly server: Server,
    private readonly token: string,
  ) {}

  async me(): Promise<shapes.Person> {
    const answer = parsed(await this.get("/me"));
    const rights = texts(record(answer["token"]), "rights");
    if (text(answer, "user") === "") {
      throw new PlumblineError(`${this.server.address.origin} is no Plumbline appliance.`);
    }
    return { user: text(answer, "user"), rights, sources: texts(answer, "sources") };
  }

  /** Ask; return the answer's message, whose text is still to come. */
  async ask(question: Question): Promise<shapes.Message> {
    const path = question.thread ? `/threads/${part(question.thread)}/messages` : "/threads";
    const { text: words, mode, sources, set } = question;
    const body = { question: words, mode, sources, ...(set === "" ? {} : { set }) };
    const answer = parsed(await this.sendOnce({ method: "POST", path, body }));
    const thread = question.thread ?? text(record(answer["thread"]), "id");
    const message = shapes.message(answer["message"]);
    return { ...message, thread: message.thread || thread };
  }

  async message(id: string, signal?: AbortSignal): Promise<shapes.Message> {
    return shapes.message(parsed(await this.get(`/messages/${part(id)}`, signal)));
  }

  async stop(id: string): Promise<void> {
    await this.send({ method: "POST", path: `/messages/${part(id)}/stop`, body: {} });
  }

  /** Follow an answer; `after` is the id of the last event that was seen. */
  async *events(id: string, after: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const headers = {
      ...this.authorization(),
      Accept: "text/event-stream",
      ...(after === "" ? {} : { "Last-Event-ID": after }),
    };
    const path = `${API}/messages/${part(id)}/events`;
    const response = await send(this.server, { method: "GET", path, headers, signal });
    try {
      yield* eventsIn(bytesOf(this.server, response));
    } finally {
      response.destroy();
    }
  }

  async search(query: string, scope: Scope, signal: AbortSignal): Promise<readonly shapes.Hit[]> {
    const parameters = new URLSearchParams([
      ["q", query],
      ...scope.sources.map((source) => ["source", source]),
      ...(scope.set === "" ? [] : [["set", scope.set]]),
      ["limit", "30"],
    ]);
    return list(parsed(await this.get(`/search?${parameters}`, signal)), "hits").map(shapes.hit);
  }

  /** Return the lines of a place as the appliance knows them. */
  async linesAt(place: shapes.Place): Promise<string> {
    const path = [place.source, place.commit, ...place.path.split("/")].map(part).join("/");
    return text(
      parsed(await this.get(`/files/${path}?lines=${place.firstLine}-${place.lastLine}`)),
      "text",
    );
  }

  async beginDevice(): Promise<shapes.DeviceCode> {
    const body = { client: "Visual Studio Code" };
    return shapes.deviceCode(parsed(await this.send({ method: "POST", path: "/device", body })));
  }

  /** Return the token once the person has allowed it; until then what there is to wait for. */
  async pollDevice(code: string): Promise<{ token: string } | { waiting: string }> {
    try {
      const body = { device_code: code };
      const answer = parsed(await this.send({ method: "POST", path: "/device/token", body }));
      return { token: text(answer, "access_token") };
    } catch (error) {
      if (error instanceof Refused && error.code !== "") {
        return { waiting: error.code };
      }
      throw error;
    }
  }

  /** Send again what broke off, under the same key: the appliance does it only once. */
  private async sendOnce(sent: Sent): Promise<string> {
    const keyed = { ...sent, headers: { "Idempotency-Key": randomUUID() } };
    try {
      return await this.send(keyed);
    } catch (error) {
      if (error instanceof Unreachable) {
        return this.send(keyed);
      }
      throw error;
    }
  }

  private get(path: string, signal?: AbortSignal): Promise<string> {
    return this.send({ method: "GET", path, signal });
  }

  private send(sent: Sent): Promise<string> {
    const headers = { ...this.authorization(), ...sent.headers };
    return ask(this.server, { ...sent, path: API + sent.path, headers });
  }

  private authorization(): Readonly<Record<string, string>> {
    return this.token === "" ? {} : { Authorization: `Bearer ${this.token}` };
  }
}

/** One part of a path: a name must not become two parts, or go up. */
function part(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new PlumblineError(`The appliance named something that is no file: “${name}”.`);
  }
  return encodeURIComponent(name);
}
