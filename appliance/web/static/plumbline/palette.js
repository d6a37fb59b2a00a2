// The command palette (Ctrl K, or / outside of fields) and the list of keys (?).
"use strict";

(() => {
  const palette = document.getElementById("palette");
  const keys = document.getElementById("keys");
  const DRAFTS = "plumbline.draft.";

  // What somebody wrote and did not send stays in this browser only as long as they are signed in.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches('form[action$="/logout/"]')) return;
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(DRAFTS)) localStorage.removeItem(name);
    }
  });
  if (!palette) return;

  const field = palette.querySelector("input");
  const list = palette.querySelector("[role=listbox]");
  const GROUPS = {
    thread: "Your threads", source: "Sources", file: "Files", name: "Names in the code",
  };

  const pages = () => {
    const links = [...document.querySelectorAll(".bar nav a, .account-menu a")];
    const seen = new Set();
    return links
      .map((link) => ({
        group: "Pages", label: link.title || link.textContent.trim(), detail: "", url: link.href,
      }))
      .filter((page) => !seen.has(page.url) && seen.add(page.url));
  };
  const withWords = (address, words) => `${address}?${new URLSearchParams({ q: words })}`;
  const actions = (words) => [
    { group: "Do", label: `Ask: ${words}`, detail: "", url: withWords(palette.dataset.ask, words) },
    { group: "Do", label: `Search: ${words}`, detail: "", url: withWords(palette.dataset.search, words) },
    { group: "Do", label: `Search letter by letter: ${words}`, detail: "", url: withWords(palette.dataset.code, words) },
  ];
  const load = async (typed) => {
    const words = typed.trim();
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = pages().filter((page) => wanted.every((word) => page.label.toLowerCase().includes(word)));
    const query = [["q", words], ...Object.keys(GROUPS).map((kind) => ["kind", kind])];
    if (!words) {
      const recent = await window.plumbline.complete(palette.dataset.palette, [["kind", "thread"]]);
      return [...fitting, ...recent.map((entry) => ({ ...entry, group: GROUPS[entry.kind] }))];
    }
    const found = await window.plumbline.complete(palette.dataset.palette, query);
    const entries = found.map((entry) => ({ ...entry, group: GROUPS[entry.kind] }));
    return [...fitting.slice(0, 4), ...entries, ...actions(words)];
  };
  const go = (entry) => {
    palette.close();
    location.href = entry.url;
  };
  const choices = window.plumbline.choose({
    field, list, load, pick: go, status: palette.querySelector("[role=status]"), keepsOpen: true,
  });
  const open = () => {
    if (keys.open) keys.close();
    if (palette.open) return;
    field.value = "";
    palette.showModal();
    field.focus();
    choices.look();
  };

  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (palette.open) palette.close();
      else open();
      return;
    }
    // What plumbline.js has answered, or is typed into a field, is no command.
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!window.plumbline.hasSingleKeys() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/" && !document.querySelector("main [data-search-field]")) {
      event.preventDefault();
      open();
    } else if (event.key === "?") {
      event.preventDefault();
      keys.showModal();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens-palette]")) open();
    else if (event.target.closest("[data-opens-keys]")) {
      palette.close();
      keys.showModal();
    } else if (event.target === palette || event.target === keys) {
      event.target.close(); // beside the box: the backdrop
    }
  });
  // Who speaks to their computer, or hits keys by accident, can switch off keys without Ctrl.
  const single = keys.querySelector("[data-single-keys]");
  single.checked = window.plumbline.hasSingleKeys();
  single.addEventListener("change", () => {
    if (single.checked) localStorage.removeItem(window.plumbline.NO_SINGLE_KEYS);
    else localStorage.setItem(window.plumbline.NO_SINGLE_KEYS, "yes");
  });
  for (const opener of document.querySelectorAll("[data-opens-palette]")) opener.hidden = false;
})();
