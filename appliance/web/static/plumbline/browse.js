// What the code view does beyond its links: lines in the address, names, keys. All of it is
// reachable without this script, only slower.
"use strict";

(() => {
  const file = document.querySelector("[data-file]");
  if (!file) return;
  const announce = (words) => {
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = words;
  };
  const remembered = (key, value) => {
    try {
      if (value === undefined) return localStorage.getItem(`code-${key}`);
      localStorage.setItem(`code-${key}`, value);
    } catch { /* private windows may not keep anything */ }
    return null;
  };

  // --- Lines in the address --------------------------------------------------------------------
  let marked = null;
  const lineRange = (text) => {
    const match = /^(?:#L|lines=)?(\d+)(?:-L?(\d+))?$/.exec(text);
    if (!match) return null;
    const ends = [Number(match[1]), Number(match[2] ?? match[1])];
    return [Math.min(...ends), Math.max(...ends)];
  };
  const linesOf = ([first, last]) => (first === last ? `${first}` : `${first}-${last}`);
  const withLines = (link, value) => {
    const address = new URL(link.href);
    address.searchParams.set("lines", value);
    link.href = `${address.pathname}${address.search}`;
  };
  const markLines = (range) => {
    marked = range;
    for (const line of file.querySelectorAll(".is-marked")) line.classList.remove("is-marked");
    for (let number = range[0]; number <= range[1]; number += 1) {
      document.getElementById(`L${number}`)?.classList.add("is-marked");
    }
    for (const link of document.querySelectorAll("[data-permalink], [data-about], [data-view='blame']")) {
      withLines(link, linesOf(range));
    }
    const origin = document.querySelector("[data-origin]");
    if (origin) origin.hash = origin.dataset.origin.replace("{}", range[0]).replace("{}", range[1]);
    const about = document.querySelector("[data-about]");
    if (about) about.textContent = "Ask about these lines";
  };
  const goTo = (range, block = "center") => {
    markLines(range);
    document.getElementById(`L${range[0]}`)?.scrollIntoView({ block });
  };
  // The query first: a citation's address has both, and its #L is only the place to scroll to.
  const atStart = lineRange(new URLSearchParams(location.search).get("lines") ?? "") ?? lineRange(location.hash);
  if (atStart) goTo(atStart);
  let anchor = atStart?.[0];
  file.addEventListener("click", (event) => {
    const number = Number(event.target.closest("a.code-number")?.dataset.number);
    if (!number) return;
    event.preventDefault();
    if (event.shiftKey && anchor) getSelection().removeAllRanges();
    else anchor = number;
    const range = [Math.min(anchor, number), Math.max(anchor, number)];
    markLines(range);
    history.replaceState(null, "", `${location.pathname}?lines=${linesOf(range)}`);
  });
  window.addEventListener("hashchange", () => {
    const range = lineRange(location.hash);
    if (range) goTo(range);
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.path?.includes("/colours/") && marked) markLines(marked);
    if (event.target.closest?.(".browse-tree")) {
      event.target.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    }
  });
  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-jump]");
    if (!jump) return;
    event.preventDefault();
    const line = Number(jump.dataset.jump);
    goTo([line, line], "start");
    history.replaceState(null, "", `${location.pathname}?lines=${line}`);
    announce(`Line ${line}`);
  });

  // --- Copying -----------------------------------------------------------------------------------
  const permanent = () => {
    const link = document.querySelector("[data-permalink]");
    return link ? link.href : new URL(file.dataset.file, location.href).href;
  };
  const copies = (button, text) => {
    if (!button || !navigator.clipboard) return;
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
      announce("Copied");
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  };
  const pathButton = document.querySelector("[data-copy-path]");
  copies(document.querySelector("[data-copy-link]"), permanent);
  copies(pathButton, () => pathButton.dataset.copyPath);

  // --- Long lines, and the tree, as somebody left them ---------------------------------------------
  const wrap = document.querySelector("[data-wrap]");
  const setWrap = (on) => {
    file.classList.toggle("is-wrapped", on);
    wrap.setAttribute("aria-pressed", String(on));
  };
  if (wrap) {
    wrap.hidden = false;
    setWrap(remembered("wrap") === "on");
    wrap.addEventListener("click", () => {
      const on = wrap.getAttribute("aria-pressed") !== "true";
      setWrap(on);
      remembered("wrap", on ? "on" : "off");
    });
  }
  const tree = document.querySelector("[data-tree]");
  const isNarrow = matchMedia("(max-width: 70rem)").matches;
  if (tree && (isNarrow || remembered("tree") === "closed")) tree.open = false;
  tree?.addEventListener("toggle", () => {
    if (!isNarrow) remembered("tree", tree.open ? "open" : "closed");
  });
  const side = document.querySelector("[data-side]");
  if (side) {
    side.open = !isNarrow;
    // The summary that would open it again is hidden where there is room.
    matchMedia("(min-width: 70.01rem)").addEventListener("change", (event) => {
      if (event.matches) side.open = true;
    });
  }

  // --- Find in the file ------------------------------------------------------------------------------
  const find = document.querySelector("[data-find]");
  let found = { text: "", lines: [], at: -1 };
  const findNext = (text) => {
    const said = document.querySelector("[data-found]");
    if (text !== found.text) {
      for (const line of file.querySelectorAll(".is-found")) line.classList.remove("is-found");
      const wanted = text.toLowerCase();
      const all = text ? [...file.querySelectorAll(".code-text")] : [];
      const lines = all.filter((line) => line.textContent.toLowerCase().includes(wanted));
      found = { text, lines, at: -1 };
      for (const line of lines) line.parentElement.classList.add("is-found");
    }
    if (!found.lines.length) {
      said.textContent = text ? "On no line" : "";
      return;
    }
    found.at = (found.at + 1) % found.lines.length;
    found.lines[found.at].scrollIntoView({ block: "center" });
    said.textContent = `${found.at + 1} of ${found.lines.length} lines`;
  };
  find?.addEventListener("submit", (event) => {
    event.preventDefault();
    findNext(find.elements.text.value);
  });
  if (find) find.closest(".find-in").hidden = false;

  // --- Names -------------------------------------------------------------------------------------------
  const card = document.getElementById("card");
  const home = card?.parentElement;
  const NAME = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
  const closeCard = () => {
    if (!card?.classList.contains("is-near")) return false;
    card.classList.remove("is-near");
    card.removeAttribute("style");
    card.replaceChildren();
    home.append(card);
    return true;
  };
  const wordAt = (event) => {
    const at = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const range = at ? null : document.caretRangeFromPoint?.(event.clientX, event.clientY);
    const node = at?.offsetNode ?? range?.startContainer;
    const offset = at?.offset ?? range?.startOffset;
    if (node?.nodeType !== Node.TEXT_NODE || node.parentElement.closest(".tok-k, .tok-s, .tok-c, .tok-n")) return "";
    const before = /[\p{L}\p{N}_$]*$/u.exec(node.data.slice(0, offset))[0];
    const after = /^[\p{L}\p{N}_$]*/u.exec(node.data.slice(offset))[0];
    return before + after;
  };
  const placeCard = (x, y) => {
    document.body.append(card);
    card.classList.add("is-near");
    const width = card.offsetWidth;
    card.style.left = `${Math.max(8, Math.min(x, document.documentElement.clientWidth - width - 8)) + scrollX}px`;
    card.style.top = `${y + 14 + scrollY}px`;
  };
  const lookUp = async (name, x, y, says) => {
    const asked = new URLSearchParams({ name, source: file.dataset.source, ref: file.dataset.ref });
    const response = await fetch(`${file.dataset.card}?${asked}`, { headers: { "HX-Request": "true" } });
    if (!response.ok || response.redirected) return;
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!says && parsed.querySelector("[data-nothing]")) return;
    card.replaceChildren(...parsed.body.childNodes);
    placeCard(x, y);
    announce(card.textContent.trim().slice(0, 120));
  };
  if (card && file.dataset.card) {
    file.querySelector(".code")?.addEventListener("click", (event) => {
      if (event.target.closest("a") || event.button !== 0) return;
      closeCard();
      const selected = getSelection().toString().trim();
      const name = NAME.test(selected) ? selected : selected ? "" : wordAt(event);
      if (name.length > 1 && NAME.test(name)) lookUp(name, event.clientX, event.clientY, Boolean(selected));
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".symbol-card, .file .code")) closeCard();
    });
  }

  // --- Keys: they can be turned off, as they are single letters -----------------------------------------
  const keys = document.querySelector("[data-keys]");
  const keysOn = keys?.querySelector("[data-keys-on]");
  if (keys) {
    keys.hidden = false;
    keysOn.checked = remembered("keys") !== "off";
    keysOn.addEventListener("change", () => remembered("keys", keysOn.checked ? "on" : "off"));
  }
  const follow = (view) => document.querySelector(`[data-view="${view}"]`)?.click();
  const byName = () => {
    const selected = getSelection();
    const name = selected.toString().trim();
    if (NAME.test(name)) {
      const box = selected.getRangeAt(0).getBoundingClientRect();
      lookUp(name, box.left, box.bottom, true);
    } else {
      if (side) side.open = true;
      document.getElementById("lookup-name")?.focus();
    }
  };
  const actions = {
    y: () => {
      history.replaceState(null, "", permanent());
      announce("The address is permanent now");
    },
    b: () => follow("blame"),
    h: () => follow("history"),
    d: byName,
    f: () => {
      if (side) side.open = true;
      document.querySelector("[data-find-text]")?.focus();
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && closeCard()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || remembered("keys") === "off") return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
