// What the pages do beyond htmx. Without this script everything still works; it is only slower.
"use strict";

(() => {
  const root = document.documentElement;

  // --- Theme: the form posts without a script, with one the change is instant -----------------
  document.addEventListener("submit", (event) => {
    const name = event.submitter?.dataset.theme ? "theme" : "density";
    const choice = event.submitter?.dataset[name];
    if (!choice) return;
    event.preventDefault();
    if (choice === "auto" || choice === "comfortable") delete root.dataset[name];
    else root.dataset[name] = choice;
    for (const button of event.target.querySelectorAll(`button[name="${name}"]`)) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    const form = new FormData(event.target);
    form.set(name, choice);
    fetch(event.target.action, { method: "POST", body: form, redirect: "manual" });
  });

  // --- Keyboard -----------------------------------------------------------------------------
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus();
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || !window.plumbline.hasSingleKeys()) return;
    // Where one searches, to the search; palette.js answers on other pages.
    const fields = document.querySelectorAll("main [data-search-field]");
    const field = [...fields].find((candidate) => candidate.offsetParent !== null);
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches(".composer textarea")) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (event.target.value.trim()) event.target.form.requestSubmit();
  });

  // --- Menus close when one clicks elsewhere ----------------------------------------------------
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details[data-menu]"));
  });
  // The menu of the last message opens below the edge of what scrolls.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".turn-menu[open]")) return;
    event.target.querySelector(".menu-panel").scrollIntoView({ block: "nearest" });
  }, true);

  // --- Examples and the mode picker -------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const example = event.target.closest("[data-example]");
    if (!example) return;
    const field = document.querySelector(".composer textarea");
    field.value = example.textContent.trim();
    field.focus();
  });
  document.addEventListener("change", (event) => {
    const picker = event.target.closest(".picker");
    if (!picker || event.target.type !== "radio") return;
    picker.querySelector("[data-chosen]").textContent = event.target.dataset.label;
  });

  // --- Citations and evidence -----------------------------------------------------------------------
  const showEvidence = (section) => {
    for (const other of document.querySelectorAll(".evidence")) other.hidden = other !== section;
  };
  const markCard = (section, handle) => {
    const cards = [...section.querySelectorAll(".card[data-handle]")];
    const card = cards.find((candidate) => candidate.dataset.handle === handle);
    if (!card) return false;
    for (const active of document.querySelectorAll(".is-active")) active.classList.remove("is-active");
    card.classList.add("is-active");
    card.closest("details:not([open])")?.setAttribute("open", "");
    card.scrollIntoView({ block: "nearest" });
    const cited = card.querySelector(".is-marked");
    const lines = cited?.closest("pre");
    if (lines) lines.scrollTop += cited.getBoundingClientRect().top - lines.getBoundingClientRect().top;
    card.querySelector(".card-head a")?.focus({ preventScroll: true });
    return true;
  };
  // Returns whether there was something to show; a citation whose card is gone opens its file.
  const openEvidence = (section, link) => {
    showEvidence(section);
    if (!link.dataset.handle) {
      section.scrollIntoView({ block: "start" });
      return true;
    }
    if (!markCard(section, link.dataset.handle)) return false;
    link.classList.add("is-active");
    return true;
  };
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const link = event.target.closest(".citation[data-handle], [data-shows-evidence]");
    const turn = link?.closest(".turn");
    if (!turn) return;
    const section = document.getElementById(turn.id.replace("message-", "evidence-"));
    if (!section) return;
    if (!section.dataset.later) {
      if (openEvidence(section, link)) event.preventDefault();
      return;
    }
    event.preventDefault();
    htmx.ajax("GET", section.dataset.later, { target: section, swap: "outerHTML" }).then(() => {
      const fetched = document.getElementById(section.id);
      if (!fetched || !openEvidence(fetched, link)) location.href = link.href;
    });
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copies-link]");
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    const words = link.textContent;
    await navigator.clipboard.writeText(link.href);
    link.textContent = "Copied";
    setTimeout(() => { link.textContent = words; }, 1500);
  });

  // --- Copy a patch: where the browser lets pages write to the clipboard -----------------------------
  if (navigator.clipboard) root.classList.add("can-copy");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copies);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: download it";
    }
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = button.textContent;
    setTimeout(() => { button.textContent = label; }, 1500);
  });

  // --- Streams ------------------------------------------------------------------------------------
  const turns = document.querySelector(".turns");
  const distanceFromEnd = () => turns.scrollHeight - turns.scrollTop - turns.clientHeight;
  let follow = true;
  if (turns) {
    // An address with a message in it shows that one, any other the end.
    const named = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
    if (named) named.scrollIntoView({ block: "start" });
    else turns.scrollTop = turns.scrollHeight;
    follow = distanceFromEnd() < 120;
    turns.addEventListener("scroll", () => { follow = distanceFromEnd() < 120; }, { passive: true });
    document.body.addEventListener("htmx:afterSwap", () => {
      if (follow) turns.scrollTop = turns.scrollHeight;
    });
    document.body.addEventListener("htmx:sseMessage", () => {
      if (follow) turns.scrollTop = turns.scrollHeight;
    });
  }
  // What a person opened or closed in an answer stays so while the answer goes on arriving.
  document.addEventListener("click", (event) => {
    const kept = event.target.closest("details[data-keeps-open] > summary")?.parentElement;
    if (kept) kept.closest(".turn").dataset.keptOpen = String(!kept.open);
  });
  document.body.addEventListener("htmx:sseMessage", (event) => {
    const turn = event.target.closest?.(".turn");
    const kept = turn?.querySelector("details[data-keeps-open]");
    if (kept && turn.dataset.keptOpen) kept.open = turn.dataset.keptOpen === "true";
  });
  document.body.addEventListener("htmx:sseClose", (event) => {
    const turn = event.target.closest?.(".turn");
    if (!turn || event.detail.type !== "message") return;
    turn.removeAttribute("aria-busy");
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = "The answer is complete.";
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target;
    // 429: refused, though what it says is shown; the question stays.
    if (!form.matches?.("form.composer") || !event.detail.successful) return;
    if (event.detail.xhr.status === 429) return;
    const field = form.querySelector("textarea");
    if (field.value === event.detail.requestConfig.parameters.question) field.value = "";
    form.querySelector("#composer-refused").replaceChildren();
    follow = true;
  });
  // The newest evidence stands first, and what has just come is what one wants to see.
  const showNewest = () => {
    const newest = document.querySelector("#evidence-pane .evidence");
    if (newest) showEvidence(newest);
  };
  document.body.addEventListener("htmx:oobAfterSwap", showNewest);
})();
