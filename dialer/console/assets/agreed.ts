// The chosen time in words, for the agent to say it once more. One time is chosen: an offered one, or the customer's own.

export function tellWhatIsAgreed(): void {
  document.addEventListener("change", choose, true); // before what is chosen is sent to be kept
  document.addEventListener("htmx:load", tell);
  tell();
}

function choose(event: Event): void {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.closest(".days")) return;
  for (const other of document.querySelectorAll<HTMLInputElement>(".days input")) {
    if (other.name === input.name) continue;
    if (other.type === "radio") other.checked = false;
    else other.value = "";
  }
  tell();
}

function tell(): void {
  const place = document.querySelector<HTMLElement>("[data-agreed]");
  if (!place) return;
  const chosen = document.querySelector<HTMLInputElement>(".days input:checked")?.dataset["words"];
  const asked = document.querySelector<HTMLInputElement>(".days [name=asked_at]")?.value.replace("T", " ");
  place.textContent = chosen || asked || (place.dataset["none"] ?? "");
}
