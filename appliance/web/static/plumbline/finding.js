// The two search pages: results as one types, an address for each, and the keyboard.
// Without this script a search is a form, and each facet a link.
"use strict";

(() => {
  const form = document.getElementById("search-form");
  if (!form) return;
  const field = form.querySelector("[data-search-field]");
  const found = () => document.getElementById("found");
  // Open because there was nothing to show; whoever opens it again keeps it.
  let help = document.querySelector(".code-help[open]");
  help?.addEventListener("click", () => { help = null; });
  const announcer = document.getElementById("announcer");

  // What fails is told in the place of the results; what is refused comes as 422, which htmx shows.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "found") return;
    if (event.detail.xhr.status === 503) event.detail.shouldSwap = true;
  });

  // --- Addresses: one entry of the history for what is typed in one go ----------------------------
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const results = found();
    if (!results || event.detail.target.id !== "found") return;
    document.title = results.dataset.title;
    if (help && field.value && !results.querySelector("[role=alert]")) help.open = false;
    if (announcer) announcer.textContent = results.dataset.said;
    const url = results.dataset.url;
    if (url === location.pathname + location.search) return;
    const isTyped = event.detail.requestConfig?.triggeringEvent?.type === "input";
    if (isTyped && history.state?.isTyped) history.replaceState({ isTyped }, "", url);
    else history.pushState({ isTyped }, "", url);
    const mode = document.querySelectorAll(".search-modes a:not([aria-current])");
    for (const link of mode) link.search = `?q=${encodeURIComponent(field.value)}`;
  });
  addEventListener("popstate", () => {
    const asked = new URLSearchParams(location.search);
    field.value = asked.get("q") ?? "";
    const ref = form.querySelector("[name=ref]");
    if (ref) ref.value = asked.get("ref") ?? "";
    htmx.ajax("GET", location.pathname + location.search, { target: "#found", swap: "outerHTML" });
  });

  // --- Keyboard: arrows everywhere among the hits, letters only where nothing is typed --------------
  const step = (by) => {
    const hits = [...document.querySelectorAll("#found [data-hit]")];
    const within = document.activeElement.closest?.(".result")?.querySelector("[data-hit]");
    const at = hits.indexOf(within);
    if (at + by < 0) return field;
    return hits[Math.min(at + by, hits.length - 1)];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = event.target;
    const isField = at === field;
    const isFree = at === document.body || at.id === "main" || at.closest?.("#found");
    if (!isField && (!isFree || at.closest("input, textarea, select, pre, summary"))) return;
    const by = { ArrowDown: 1, ArrowUp: -1, j: isField ? 0 : 1, k: isField ? 0 : -1 }[event.key];
    if (!by || (isField && by < 0)) return;
    const next = step(by);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.closest(".result")?.scrollIntoView({ block: "nearest" });
  });
})();
