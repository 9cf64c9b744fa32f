// Keys of the desk: whatever carries `data-key` is done by that key. Physical keys, so that a Chinese input method
// that is switched on does not swallow them.

const BOUNCE_MS = 300; // nobody reads a question and presses the same key again within this: the finger, or the key, did

let lastKey = "";
let lastAt = -Infinity;

export function listenForKeys(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("toggle", focusFirstField, true);
  document.addEventListener("toggle", leaveMenu, true);
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
  if (event.key === "Escape") closeMenus();
  const target = key === null ? null : wanted(key);
  if (event.key === "Enter" && choose(event.target)) {
    event.preventDefault(); // of the wrap-up: to choose a time is not to confirm it yet
    bounces(event);
    return;
  }
  if (target === null || (event.key === "Enter" && onAControl(event.target))) return;
  event.preventDefault();
  if (!bounces(event)) target.click();
}

function bounces(event: KeyboardEvent): boolean {
  if (event.code === lastKey && event.timeStamp - lastAt < BOUNCE_MS) return true;
  lastKey = event.code;
  lastAt = event.timeStamp;
  return false;
}

/** What an open menu offers comes before what stands on the desk. */
function wanted(key: string): HTMLElement | null {
  const name = CSS.escape(key);
  const inMenu = document.querySelector<HTMLElement>(`details.menu[open] [data-menu-key="${name}"]`);
  return inMenu ?? document.querySelector<HTMLElement>(`[data-key="${name}"]`);
}

function closeMenus(): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    giveKeysBack(menu);
  }
}

function leaveMenu(event: Event): void {
  const menu = event.target;
  if (menu instanceof HTMLDetailsElement && !menu.open && menu.matches(".menu")) giveKeysBack(menu);
}

/** A menu that has closed gives the keys back to the desk, or Enter would open it again. */
function giveKeysBack(menu: HTMLElement): void {
  if (document.activeElement instanceof HTMLElement && menu.contains(document.activeElement)) document.activeElement.blur();
}

/** Enter confirms what is written (Shift+Enter makes a line), Escape gives the keys back to the desk. */
function inField(event: KeyboardEvent, field: HTMLElement): void {
  if (event.key === "Escape") {
    field.blur();
    closeMenus();
  }
  if (event.key !== "Enter" || event.shiftKey || field.dataset["enter"] !== "submit") return;
  event.preventDefault();
  field.closest("form")?.requestSubmit();
}

function keyName(event: KeyboardEvent): string | null {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit) return digit[1] ?? null;
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter) return event.shiftKey ? null : (letter[1] ?? "").toLowerCase();
  return ["Enter", "End", "Backspace"].includes(event.key) ? event.key : null;
}

function typedInto(target: EventTarget | null): HTMLElement | null {
  const typing = target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
  return typing ? target : null;
}

/** The time that has the focus is chosen, unless it is. */
function choose(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLInputElement) || target.type !== "radio" || target.checked) return false;
  target.click();
  return true;
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
