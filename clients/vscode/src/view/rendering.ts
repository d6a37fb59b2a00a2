/** Turns an answer's Markdown into HTML that holds nothing but text, code and buttons for citations. */

import MarkdownIt from "markdown-it";
import type { Citation } from "../api/shapes.js";

interface Known {
  readonly citations?: ReadonlyMap<number, Citation>;
}

/** No HTML, pictures or links of the text: an answer quotes code, and code may have been written to harm. */
const markdown = new MarkdownIt({ html: false, linkify: false }).disable([
  "image",
  "link",
  "autolink",
  "reference",
]);

markdown.inline.ruler.before("escape", "citation", (state, silent) => {
  const found = /^\[(\d{1,4})\]/.exec(state.src.slice(state.pos, state.pos + 6));
  const cited = (state.env as Known).citations?.get(Number(found?.[1]));
  if (found === null || cited === undefined) {
    return false;
  }
  if (!silent) {
    state.push("citation", "", 0).meta = cited;
  }
  state.pos += found[0].length;
  return true;
});

markdown.renderer.rules["citation"] = (tokens, at) => {
  const cited = tokens[at]?.meta as Citation;
  const label = markdown.utils.escapeHtml(`Citation ${cited.number}: ${placeOf(cited)}`);
  return (
    `<button type="button" class="citation" data-number="${cited.number}" ` +
    `title="${label}" aria-label="${label}">${cited.number}</button>`
  );
};

/** A block of code can be reached and scrolled with the keyboard. */
for (const rule of ["fence", "code_block"]) {
  const usual = markdown.renderer.rules[rule];
  markdown.renderer.rules[rule] = (tokens, at, options, env, self) => {
    const html = usual?.(tokens, at, options, env, self) ?? "";
    return html.replace(/^<pre/, '<pre tabindex="0"');
  };
}

export function rendered(text: string, citations: readonly Citation[]): string {
  const known: Known = { citations: new Map(citations.map((cited) => [cited.number, cited])) };
  return markdown.render(text, known);
}

export function placeOf(cited: Citation): string {
  const lines =
    cited.firstLine === cited.lastLine
      ? `${cited.firstLine}`
      : `${cited.firstLine}–${cited.lastLine}`;
  return `${cited.path}:${lines}`;
}
