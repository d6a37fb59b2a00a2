// Citations and evidence of a thread, side by side: each shows the other, by pointer and by keyboard.
"use strict";

(() => {
  const turns = document.querySelector(".turns");
  if (!turns) return;
  const SHOWN_LINES = 14;
  const WAIT_MS = 250;

  const sectionOf = (link) => {
    const turn = link.closest(".turn");
    return turn && document.getElementById(turn.id.replace("message-", "evidence-"));
  };
  const cardOf = (link) =>
    [...(sectionOf(link)?.querySelectorAll(".card[data-handle]") ?? [])].find(
      (card) => card.dataset.handle === link.dataset.handle,
    );
  const citationsOf = (card) => {
    const turn = document.getElementById(card.closest(".evidence").id.replace("evidence-", "message-"));
    return [...(turn?.querySelectorAll(".citation[data-handle]") ?? [])].filter(
      (link) => link.dataset.handle === card.dataset.handle,
    );
  };
  const linesOf = (link, card) => {
    const [first, last] = (link.dataset.lines ?? "").split("-").map(Number);
    return [...card.querySelectorAll(".code-line")].filter((line) => {
      const number = Number(line.querySelector(".code-number")?.dataset.number);
      return number >= first && number <= last;
    });
  };
  const unmark = () => {
    for (const one of document.querySelectorAll(".is-near")) one.classList.remove("is-near");
  };
  const markFor = (link) => {
    unmark();
    const card = cardOf(link);
    if (!card) return;
    card.classList.add("is-near");
    const lines = linesOf(link, card);
    for (const line of lines) line.classList.add("is-near");
    // Only what scrolls inside its own box: the page does not jump under the pointer.
    const box = card.querySelector("pre");
    if (lines[0] && box) {
      box.scrollTop += lines[0].getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    }
    const pane = document.getElementById("evidence-pane");
    if (pane && pane.scrollHeight > pane.clientHeight && getComputedStyle(pane).overflowY === "auto" && !card.closest("[hidden]")) {
      pane.scrollTop += card.getBoundingClientRect().top - pane.getBoundingClientRect().top - 12;
    }
  };

  // --- The cited lines in a small card ----------------------------------------------------------
  const peek = document.createElement("div");
  peek.className = "peek";
  peek.id = "peek";
  peek.setAttribute("role", "tooltip");
  peek.hidden = true;
  document.getElementById("main").append(peek);
  let timer = 0;
  let shownFor = null;
  let stillUntil = 0; // going to a citation scrolls, which must not hide what it shows

  const hide = () => {
    clearTimeout(timer);
    peek.hidden = true;
    if (shownFor?.dataset.where) {
      shownFor.title = shownFor.dataset.where;
      shownFor.removeAttribute("aria-describedby");
    }
    shownFor = null;
  };
  const show = (link) => {
    const card = cardOf(link);
    if (!card) return;
    hide();
    const head = document.createElement("p");
    head.className = "peek-head";
    head.textContent = link.title;
    const code = document.createElement("pre");
    code.className = "code";
    const lines = linesOf(link, card);
    for (const line of lines.slice(0, SHOWN_LINES)) code.append(line.cloneNode(true));
    peek.replaceChildren(head, code);
    if (lines.length > SHOWN_LINES) {
      const more = document.createElement("p");
      more.className = "peek-head soft";
      more.textContent = `and ${lines.length - SHOWN_LINES} more`;
      peek.append(more);
    }
    for (const one of peek.querySelectorAll(".is-near")) one.classList.remove("is-near");
    link.dataset.where = link.title; // its own small box would stand on this one
    link.removeAttribute("title");
    link.setAttribute("aria-describedby", "peek");
    peek.hidden = false;
    const at = link.getBoundingClientRect();
    const box = peek.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - box.width - 8));
    const below = at.bottom + 6;
    peek.style.left = `${left}px`;
    peek.style.top = `${below + box.height > innerHeight - 8 ? Math.max(8, at.top - box.height - 6) : below}px`;
    shownFor = link;
  };
  // The passages of an older answer come when they are wanted, and stay behind those that are shown.
  const fetching = new Map();
  const passagesOf = (link) => {
    const section = sectionOf(link);
    if (!section?.dataset.later) return null;
    const { id } = section;
    if (!fetching.has(id)) {
      const fetched = htmx.ajax("GET", section.dataset.later, { target: section, swap: "outerHTML" });
      fetching.set(id, fetched.then(() => {
        fetching.delete(id);
        document.getElementById(id).hidden = true;
      }));
    }
    return fetching.get(id);
  };
  let wanted = null;
  const reveal = (link, then) => {
    wanted = link;
    const coming = passagesOf(link);
    if (!coming) return then();
    coming.then(() => { if (wanted === link) then(); });
  };
  const near = (link) => {
    markFor(link);
    clearTimeout(timer);
    wanted = link;
    timer = setTimeout(() => reveal(link, () => { markFor(link); show(link); }), WAIT_MS);
  };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = event.target.closest?.(".turn .citation[data-handle]");
    if (link) {
      if (link !== shownFor) near(link);
      return;
    }
    if (event.target.closest?.("#peek")) return clearTimeout(timer);
    const card = event.target.closest?.(".evidence .card[data-handle]");
    unmark();
    wanted = null;
    if (card) for (const one of citationsOf(card)) one.classList.add("is-near");
    clearTimeout(timer);
    if (shownFor) timer = setTimeout(hide, WAIT_MS); // time to move onto the card
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.(".turn .citation[data-handle]");
    if (link) {
      markFor(link);
      if (link.matches(":focus-visible")) reveal(link, () => { markFor(link); show(link); });
      return;
    }
    hide();
    const card = event.target.closest?.(".evidence .card[data-handle]");
    unmark();
    if (card) for (const one of citationsOf(card)) one.classList.add("is-near");
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("click", hide);
  turns.addEventListener("scroll", () => {
    if (performance.now() > stillUntil) hide();
  }, { passive: true });

  // --- n and p: the next and the previous citation ----------------------------------------------
  let current = null;
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    const step = { n: 1, p: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (!window.plumbline.hasSingleKeys() || document.querySelector("dialog[open]")) return;
    const all = [...turns.querySelectorAll(".citation[data-handle]")];
    if (!all.length) return;
    event.preventDefault();
    const from = all.indexOf(current);
    const at = from < 0 ? (step > 0 ? 0 : all.length - 1) : (from + step + all.length) % all.length;
    current = all[at];
    stillUntil = performance.now() + 300;
    current.focus({ preventScroll: true });
    current.scrollIntoView({ block: "center", behavior: "instant" });
    reveal(current, () => {
      const section = sectionOf(current);
      for (const other of document.querySelectorAll(".evidence")) other.hidden = other !== section;
      markFor(current);
      show(current);
    });
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = `Citation ${at + 1} of ${all.length}`;
  });
})();
