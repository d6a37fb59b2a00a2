/** Server-sent events, as the HTML standard defines their format. */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  /** The last id seen so far: what a new connection says it has. */
  readonly id: string;
}

/** Takes a stream in pieces that may end anywhere, also inside a line or between CR and LF. */
export class EventParser {
  private rest = "";
  private endedInReturn = false;
  private name = "";
  private lines: string[] = [];
  private id = "";

  feed(piece: string): ServerEvent[] {
    let incoming = piece;
    if (this.endedInReturn && incoming.startsWith("\n")) {
      incoming = incoming.slice(1);
    }
    if (incoming !== "") {
      this.endedInReturn = incoming.endsWith("\r");
    }
    const lines = (this.rest + incoming).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.take(line));
  }

  private take(line: string): ServerEvent[] {
    if (line === "") {
      return this.dispatch();
    }
    const at = line.indexOf(":");
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "event") {
      this.name = value;
    } else if (field === "data") {
      this.lines.push(value);
    } else if (field === "id" && !value.includes("\0")) {
      this.id = value;
    }
    return [];
  }

  private dispatch(): ServerEvent[] {
    const { name, lines } = this;
    this.name = "";
    this.lines = [];
    return lines.length === 0
      ? []
      : [{ name: name || "message", data: lines.join("\n"), id: this.id }];
  }
}

/** Read events from bytes until they end. */
export async function* eventsIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const parser = new EventParser();
  for await (const piece of bytes) {
    yield* parser.feed(decoder.decode(piece, { stream: true }));
  }
}
