// Keys of the desk: whatever carries `data-key` is done by that key. Physical keys, so that a Chinese input method
// that is switched on does not swallow them.

export function listenForKeys(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("toggle", focusFirstField, true);
  document.addEventListener("htmx:load", goOnWriting);
}

function onKey(event: KeyboardEvent): void {
  if (event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const field = typedInto(event.target);
  if (field) {
    inField(event, field);
    return;
  }
  const key = keyName(event);
  const target = key === null ? null : document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (target === null || (event.key === "Enter" && onAControl(event.target))) return;
  event.preventDefault();
  target.click();
}

/** Enter confirms what is written (Shift+Enter makes a line), Escape gives the keys back to the desk. */
function inField(event: KeyboardEvent, field: HTMLElement): void {
  if (event.key === "Escape") field.blur();
  if (event.key !== "Enter" || event.shiftKey || field.dataset["enter"] !== "submit") return;
  event.preventDefault();
  field.closest("form")?.requestSubmit();
}

function keyName(event: KeyboardEvent): string | null {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit) return digit[1] ?? null;
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter) return event.shiftKey ? null : (letter[1] ?? "").toLowerCase();
  return event.key === "Enter" || event.key === "End" ? event.key : null;
}

function typedInto(target: EventTarget | null): HTMLElement | null {
  const typing = target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
  return typing ? target : null;
}

/** A button or link that has the focus takes Enter itself. */
function onAControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("button, a, summary");
}

/** What opens has the cursor in its first field, and the others of its kind close. */
function focusFirstField(event: Event): void {
  const opened = event.target;
  if (!(opened instanceof HTMLDetailsElement) || !opened.open || !opened.matches(".option, .day")) return;
  for (const other of document.querySelectorAll<HTMLDetailsElement>("details.option[open]")) {
    if (other !== opened) other.open = false;
  }
  const fields = "input:not([type=hidden]), textarea";
  (opened.querySelector<HTMLElement>("input:checked") ?? opened.querySelector<HTMLElement>(fields))?.focus();
}

/** Words that the server had kept are gone on with where they end. */
function goOnWriting(): void {
  const field = document.querySelector<HTMLTextAreaElement>("textarea[data-goes-on]");
  if (!field) return;
  delete field.dataset["goesOn"];
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
