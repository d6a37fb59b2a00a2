import assert from "node:assert/strict";
import { test } from "node:test";
import { citation } from "../src/api/shapes.js";
import { pageHtml } from "../src/view/page.js";
import { rendered } from "../src/view/rendering.js";

const CITED = [
  citation({ number: 1, source: "shop", path: "src/<b>.py", first_line: 3, last_line: 5 }),
];

test("citations become buttons that say where they lead", () => {
  const html = rendered("Three times [1].", CITED);
  assert.match(html, /<button type="button" class="citation" data-number="1"/);
  assert.match(html, /aria-label="Citation 1: src\/&lt;b&gt;\.py:3–5"/);
});

test("numbers that cite nothing, and numbers in code, stay text", () => {
  assert.doesNotMatch(rendered("See [2], [12345] and `a[1]`.\n\n```\nb[1]\n```", CITED), /<button/);
});

test("an answer can bring in no HTML, pictures, links or scripts", () => {
  const html = rendered(
    '<script>x</script> <img src=x onerror=y> ![p](https://evil.example/p) [l](https://evil.example) <https://evil.example> [r]\n\n[r]: https://evil.example\n\n```"><script>\nx\n```',
    CITED,
  );
  assert.doesNotMatch(html, /<(script|img|a)\b/);
  assert.match(html, /&lt;script&gt;/);
});

test("code can be scrolled with the keyboard", () => {
  assert.match(rendered("```py\nx = 1\n```", []), /<pre tabindex="0"><code class="language-py">/);
});

test("the page loads nothing but its own script and style", () => {
  const html = pageHtml({
    nonce: "n0",
    style: "s.css",
    script: "v.js",
    origin: "vscode-resource:",
  });
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
  assert.match(policy, /^default-src 'none';/);
  assert.match(policy, /script-src 'nonce-n0'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.doesNotMatch(html, /\son\w+=|style="/);
});
