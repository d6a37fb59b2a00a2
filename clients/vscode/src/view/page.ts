/** The page of the view: nothing is loaded but the extension's own script and style. */

export interface PageParts {
  readonly nonce: string;
  readonly style: string;
  readonly script: string;
  readonly origin: string;
}

export function pageHtml({ nonce, style, script, origin }: PageParts): string {
  const policy = `default-src 'none'; style-src ${origin}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Ask Plumbline</title>
</head>
<body>
<main>
<h1 class="unseen">Ask Plumbline</h1>
<section id="welcome" hidden>
<h2>Ask about your company's code</h2>
<p>Plumbline answers from the repositories of your company and cites the lines that each sentence rests on.</p>
<button type="button" id="sign-in" class="wide">Sign in</button>
</section>
<section id="empty" hidden>
<p>Ask a question, or select lines in an editor and choose <strong>Ask Plumbline About Selection</strong> or
<strong>Fix This with Plumbline</strong> from the menu of the right mouse button.</p>
</section>
<section id="turns" aria-label="Questions and answers"></section>
<p id="status" role="status" class="unseen"></p>
</main>
<form id="form" aria-label="Ask" hidden>
<p id="about" hidden><span id="about-text"></span>
<button type="button" id="forget" class="plain" aria-label="Ask without these lines">×</button></p>
<label for="question" class="unseen">Question</label>
<textarea id="question" rows="3" placeholder="Ask about your code" aria-describedby="keys"></textarea>
<div class="row">
<label for="mode" class="unseen">Mode</label>
<select id="mode">
<option value="auto">Auto</option>
<option value="answer">Answer</option>
<option value="pair">Pair</option>
<option value="fix">Fix</option>
</select>
<button type="button" id="new-thread" class="second">New thread</button>
<button type="submit" id="ask">Ask</button>
<button type="button" id="stop" hidden>Stop</button>
</div>
<p id="keys" class="small">Enter asks, Shift+Enter begins a line. <span id="who"></span></p>
</form>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
