/** Makes and finds elements. */

export function byId<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) {
    throw new Error(`The page has no ${id}.`);
  }
  return found;
}

/** Make an element with text; text is never read as HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") {
    made.className = className;
  }
  made.textContent = text;
  return made;
}

export function actionButton(
  text: string,
  className: string,
  data: { readonly action: string; readonly number?: number },
): HTMLButtonElement {
  const made = make("button", className, text);
  made.type = "button";
  made.dataset["action"] = data.action;
  if (data.number !== undefined) {
    made.dataset["number"] = String(data.number);
  }
  return made;
}
