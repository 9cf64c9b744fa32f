// The chosen time in words, for the agent to say it once more. The choice itself is the browser's until it is sent.

export function tellWhatIsAgreed(): void {
  document.addEventListener("change", tell);
  document.addEventListener("htmx:load", tell);
  tell();
}

function tell(): void {
  const place = document.querySelector<HTMLElement>("[data-agreed]");
  if (!place) return;
  const chosen = document.querySelector<HTMLInputElement>(".days input:checked")?.dataset["words"];
  const asked = document.querySelector<HTMLInputElement>(".days [name=asked_at]")?.value.replace("T", " ");
  place.textContent = chosen || asked || (place.dataset["none"] ?? "");
}
