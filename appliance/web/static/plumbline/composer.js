// Asking: what is searched as chips, files named by @, long pastes and dropped files, drafts, errors.
"use strict";

(() => {
  const form = document.querySelector("form.composer[data-draft]");
  if (!form) return;
  const question = form.querySelector("textarea");
  const chips = form.querySelector("[data-chips]");
  const scope = form.querySelector("[data-scope]");
  const refused = form.querySelector("#composer-refused");

  const FOLDED_LINES = 25; // a paste of more stands beside the question, not in it
  const FOLDED_CHARACTERS = 3000;
  const LONGEST = Number(question.getAttribute("maxlength"));
  const LARGEST_BYTES = 4 * LONGEST;

  const say = (words) => {
    const note = document.createElement("p");
    note.className = "errors small";
    note.setAttribute("role", "alert");
    note.textContent = words;
    refused.replaceChildren(note);
  };
  const hidden = (name, value) => {
    const input = document.createElement("input");
    input.type = "hidden"; // which keeps line breaks, unlike other inputs
    input.name = name;
    input.value = value;
    return input;
  };

  // --- Chips ---------------------------------------------------------------------------------
  const showChips = () => { chips.hidden = chips.children.length === 0; };
  const addChip = ({ kind, key, label, inputs = [], onRemove = () => {} }) => {
    if ([...chips.children].some((one) => one.dataset.kind === kind && one.dataset.key === key)) return;
    const chip = document.createElement("li");
    chip.className = `chip chip-${kind}`;
    chip.dataset.kind = kind;
    chip.dataset.key = key;
    const words = document.createElement("span");
    words.textContent = label;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${label}`);
    remove.textContent = "\u00d7";
    remove.addEventListener("click", () => {
      chip.remove();
      onRemove();
      showChips();
      changed();
      question.focus();
    });
    chip.append(words, remove, ...inputs);
    chips.append(chip);
    showChips();
  };
  const keysOf = (kind) =>
    [...chips.children].filter((one) => one.dataset.kind === kind).map((one) => one.dataset.key);

  // --- What is searched ----------------------------------------------------------------------
  const boxOf = (name) =>
    [...(scope?.querySelectorAll("input[type=checkbox]") ?? [])].find((box) => box.value === name);
  const addSource = (name) => {
    const box = boxOf(name);
    if (box) box.checked = true;
    addChip({
      kind: "source", key: name, label: name, inputs: box ? [] : [hidden("sources", name)],
      onRemove: () => { if (box) box.checked = false; },
    });
    changed();
  };
  const addFolder = (folder) => {
    addChip({ kind: "folder", key: folder, label: folder, inputs: [hidden("folders", folder)] });
    changed();
  };
  const ref = form.querySelector("select[name=ref]");
  // The address says what is searched: a bookmark, or a link for a colleague, begins the same.
  const changed = () => {
    const sources = keysOf("source");
    const folders = keysOf("folder");
    const chosen = [...sources, ...folders];
    if (scope) {
      scope.querySelector("[data-chosen]").textContent =
        chosen.length === 0 ? "All sources" : chosen.length === 1 ? chosen[0] : `${chosen.length} chosen`;
    }
    const query = new URLSearchParams(location.search);
    for (const name of ["source", "folder", "ref", "q"]) query.delete(name);
    for (const name of sources) query.append("source", name);
    for (const folder of folders) query.append("folder", folder);
    if (ref?.value) query.set("ref", ref.value);
    const search = query.toString();
    history.replaceState(null, "", `${location.pathname}${search ? `?${search}` : ""}${location.hash}`);
  };
  const entriesOf = async (kinds, typed) => {
    const query = [["q", typed], ...kinds.map((kind) => ["kind", kind])];
    for (const name of keysOf("source")) query.push(["source", name]);
    if (ref?.value) query.push(["ref", ref.value]);
    const GROUPS = { source: "Sources", folder: "Folders", file: "Files" };
    const found = await window.plumbline.complete(scope.dataset.palette, query);
    return found.map((entry) => ({ ...entry, group: GROUPS[entry.kind] }));
  };
  if (scope) {
    const sole = scope.querySelector("[data-chosen]").textContent;
    for (const box of scope.querySelectorAll("input[type=checkbox]:checked")) addSource(box.value);
    for (const input of scope.querySelectorAll("input[name=folders]")) {
      if (input.value) addFolder(input.value);
    }
    if (!chips.children.length) scope.querySelector("[data-chosen]").textContent = sole;
    scope.querySelector(".scope-folders").remove();
    scope.addEventListener("change", (event) => {
      if (event.target.type !== "checkbox") return;
      if (event.target.checked) addSource(event.target.value);
      else {
        [...chips.children].find((one) => one.dataset.kind === "source" && one.dataset.key === event.target.value)?.remove();
        showChips();
        changed();
      }
    });
    ref?.addEventListener("change", changed);
    const field = scope.querySelector("#scope-field");
    scope.querySelector(".scope-find").hidden = false;
    scope.addEventListener("toggle", () => { if (scope.open) field.focus(); });
    window.plumbline.choose({
      field,
      list: scope.querySelector("[role=listbox]"),
      load: (typed) => entriesOf(["source", "folder"], typed),
      pick: (entry) => {
        field.value = "";
        if (entry.kind === "source") addSource(entry.value);
        else addFolder(entry.value);
      },
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it asks nothing from here
    });
  }

  // --- @ names a file, or chooses a folder -----------------------------------------------------
  const MENTION = /(?:^|\s)@([^\s@]*)$/;
  const mention = () => MENTION.exec(question.value.slice(0, question.selectionStart));
  const replaceMention = (words) => {
    const typed = mention()?.[1] ?? "";
    const end = question.selectionStart;
    const start = end - typed.length - 1;
    question.setRangeText(words, start, end, "end");
    question.dispatchEvent(new Event("input", { bubbles: true }));
  };
  if (scope) {
    question.setAttribute("aria-haspopup", "listbox");
    question.setAttribute("aria-controls", "mention-list");
    window.plumbline.choose({
      field: question,
      list: form.querySelector("#mention-list"),
      load: () => {
        const typed = mention();
        return typed ? entriesOf(["source", "folder", "file"], typed[1]) : null;
      },
      pick: (entry) => {
        if (entry.kind === "folder") {
          replaceMention("");
          addFolder(entry.value);
        } else replaceMention(`@${entry.value}${entry.kind === "file" ? " " : ":"}`);
      },
    });
  }

  // --- Long pastes and files stand beside the question ------------------------------------------
  const lengthOf = () =>
    [...form.querySelectorAll("[name=attached]")].reduce((sum, one) => sum + one.value.length, question.value.length);
  const attach = (name, text) => {
    const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    if (lengthOf() + lines.length > LONGEST) {
      say(`${name} is too long: a question holds ${LONGEST.toLocaleString("en")} characters with all that is attached. Attach the part that matters.`);
      return;
    }
    const count = lines.split("\n").length;
    addChip({
      kind: "attached", key: `${name} ${chips.children.length} ${count}`,
      label: `${name}, ${count} ${count === 1 ? "line" : "lines"}`,
      inputs: [hidden("attached", lines), hidden("attached_name", name)],
    });
    refused.replaceChildren();
  };
  question.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (event.clipboardData?.files.length && !text) {
      event.preventDefault();
      attachFiles(event.clipboardData.files);
    } else if (text.length > FOLDED_CHARACTERS || text.split("\n").length > FOLDED_LINES) {
      event.preventDefault();
      attach("Pasted text", text);
    }
  });
  const attachFiles = async (files) => {
    for (const file of files) {
      if (file.size > LARGEST_BYTES) {
        say(`${file.name} is too large: ${Math.ceil(file.size / 1024)} KB, and a question holds ${LONGEST.toLocaleString("en")} characters. Attach the part that matters.`);
        continue;
      }
      try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
        if (text.includes("\0")) throw new TypeError("binary");
        if (text.trim()) attach(file.name, text);
        else say(`${file.name} is empty.`);
      } catch {
        say(`${file.name} is not a text file: only text can be attached. Copy what matters out of it, and paste that.`);
      }
    }
    question.focus();
  };
  const attacher = form.querySelector("[data-attach]");
  attacher.closest("label").hidden = false;
  attacher.addEventListener("change", () => {
    attachFiles([...attacher.files]);
    attacher.value = "";
  });
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  form.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    form.classList.add("is-dropping");
  });
  form.addEventListener("dragleave", () => form.classList.remove("is-dropping"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("is-dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    attachFiles([...event.dataTransfer.files]);
  });

  // --- Drafts: in this browser, for this person and thread, until they are sent -------------------
  const DRAFTS = "plumbline.draft.";
  const draft = DRAFTS + form.dataset.draft;
  const mine = `${DRAFTS}${form.dataset.draft.split(".")[0]}.`;
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(DRAFTS) && !name.startsWith(mine)) localStorage.removeItem(name);
  }
  // A question that stands in this thread was sent, whatever became of the page that sent it.
  const fresh = `${mine}new`;
  const words = (text) => text.replace(/\s+/g, " ").trim();
  const asked = [...document.querySelectorAll(".turn.question")].map((turn) =>
    words([...turn.querySelectorAll(".question-text, .pasted")].map((part) => part.textContent).join(" ")),
  );
  if (draft !== fresh && asked.includes(words(localStorage.getItem(fresh) ?? ""))) localStorage.removeItem(fresh);
  const kept = localStorage.getItem(draft);
  if (kept && !question.value) question.value = kept;
  // What is typed behind the sending, while the next page is on its way, is no draft of this one.
  let isLeaving = false;
  window.addEventListener("pageshow", () => { isLeaving = false; });
  const keep = () => {
    if (isLeaving) return;
    try {
      if (question.value.trim()) localStorage.setItem(draft, question.value);
      else localStorage.removeItem(draft);
    } catch {
      // The browser's store is full: the question still stands in its field.
    }
  };
  question.addEventListener("input", keep);

  // --- Sending ----------------------------------------------------------------------------------
  // What is attached is a question too, and the browser would want words beside it.
  const mayBeEmpty = () => { question.required = !form.querySelector("[name=attached]"); };
  new MutationObserver(mayBeEmpty).observe(chips, { childList: true });
  document.addEventListener("keydown", (event) => {
    if (event.target !== question || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!question.value.trim() && form.querySelector("[name=attached]") && !event.defaultPrevented) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", () => {
    if (form.hasAttribute("hx-post")) return;
    isLeaving = true;
    localStorage.removeItem(draft);
  });
  const isOurs = (event) => event.target === form;
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!isOurs(event) || !event.detail.successful || event.detail.xhr.status === 429) return;
    for (const chip of [...chips.children]) if (chip.dataset.kind === "attached") chip.remove();
    showChips();
    keep(); // empty now, unless more was typed while it was on its way
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (isOurs(event)) say("The server cannot be reached. Your question stays here: check the network and ask again.");
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    if (!isOurs(event)) return;
    const status = event.detail.xhr.status;
    if (status === 403) say("You are signed out, or this page is too old. Your question is kept in this browser: reload the page and ask again.");
    else if (status === 400) say("This was not accepted. Reload the page: the question is kept, and what is chosen may be gone.");
    else if (status === 404) say("This thread is not there any more. Copy your question, and ask it in a new thread.");
    else say("The server could not take the question. It stays here: try again in a moment, and see the status page if it goes on.");
  });
})();
