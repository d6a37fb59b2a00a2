// A field with a list of choices below it, as ARIA 1.2 has it: the focus stays in the field, and the
// chosen line is told by aria-activedescendant. The palette, the scope picker and @ are made of it.
"use strict";

window.plumbline = window.plumbline || {};

window.plumbline.NO_SINGLE_KEYS = "plumbline.no-single-keys";
window.plumbline.hasSingleKeys = () => !localStorage.getItem(window.plumbline.NO_SINGLE_KEYS);

(() => {
  const WAIT_MS = 120; // after a key, before the server is asked
  let made = 0;

  // `load(text)` gives entries {label, detail, group}, or a promise of them, or null to close;
  // `pick(entry)` is called with the chosen one. `keepsOpen` is for lists that stand alone.
  window.plumbline.choose = ({ field, list, load, pick, status, keepsOpen = false }) => {
    const name = `choice-${(made += 1)}`;
    let entries = [];
    let active = -1;
    let asked = 0;
    let timer = 0;

    const isOpen = () => !list.hidden;
    const options = () => list.querySelectorAll("[role=option]");
    const tell = (isShown) => {
      if (field.getAttribute("role") === "combobox") field.setAttribute("aria-expanded", String(isShown));
    };
    const close = () => {
      asked += 1;
      clearTimeout(timer);
      list.hidden = true;
      active = -1;
      field.removeAttribute("aria-activedescendant");
      tell(false);
    };
    const mark = (at) => {
      const all = options();
      active = all.length ? (at + all.length) % all.length : -1;
      all.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
      if (active < 0) {
        field.removeAttribute("aria-activedescendant");
        return;
      }
      field.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    };
    const line = (entry, at) => {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.id = `${name}-${at}`;
      option.className = "option";
      option.dataset.at = at;
      const label = document.createElement("span");
      label.className = "option-label";
      label.textContent = entry.label;
      option.append(label);
      if (entry.detail) {
        const detail = document.createElement("span");
        detail.className = "option-detail";
        detail.textContent = entry.detail;
        option.append(" ", detail);
      }
      return option;
    };
    const show = (found) => {
      entries = found;
      list.replaceChildren();
      let group = null;
      entries.forEach((entry, at) => {
        if (!group || group.dataset.name !== entry.group) {
          group = document.createElement("div");
          group.setAttribute("role", "group");
          group.setAttribute("aria-label", entry.group);
          group.dataset.name = entry.group;
          group.className = "option-group";
          list.append(group);
        }
        group.append(line(entry, at));
      });
      list.hidden = entries.length === 0;
      tell(entries.length > 0);
      mark(0);
      if (status) status.textContent = `${entries.length} ${entries.length === 1 ? "choice" : "choices"}`;
    };
    const look = async () => {
      const mine = (asked += 1);
      const found = await load(field.value);
      if (mine !== asked) return; // another key was pressed meanwhile
      if (found === null) close();
      else show(found);
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(look, WAIT_MS);
    };
    const choose = (at) => {
      const entry = entries[at];
      if (!entry) return;
      if (!keepsOpen) close();
      pick(entry);
    };

    field.addEventListener("input", later);
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (!isOpen()) {
        if (event.key === "ArrowDown" && field.getAttribute("role") === "combobox") look();
        return;
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) mark(active + step);
      else if (event.key === "Enter" || (event.key === "Tab" && !keepsOpen)) choose(active);
      else if (event.key === "Escape" && !keepsOpen) close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(Number(option.dataset.at));
    });
    if (!keepsOpen) field.addEventListener("blur", close);
    return { look, close };
  };

  // What the server completes; nothing when it does not answer, for a picker is a help and no more.
  window.plumbline.complete = async (address, query) => {
    try {
      const answer = await fetch(`${address}?${new URLSearchParams(query)}`, {
        headers: { Accept: "application/json" },
      });
      return answer.ok ? (await answer.json()).entries : [];
    } catch {
      return [];
    }
  };
})();
