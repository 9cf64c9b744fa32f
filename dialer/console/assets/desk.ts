// The stream says which version the desk has. What is on screen already is not fetched again; news that came while
// another screen was on its way is not lost with the element it came to.
import htmx from "htmx.org";

const SOON_MS = 100; // after a key the stream tells within this what the key's own answer shows already

let told = "";

export function followTheDesk(): void {
  document.addEventListener("sse:look", passOverOldNews, true);
  document.addEventListener("htmx:load", () => setTimeout(lookAgain, SOON_MS));
}

function passOverOldNews(event: Event): void {
  const news: unknown = event instanceof CustomEvent ? event.detail : null;
  if (!(news instanceof MessageEvent)) return;
  told = String(news.data);
  if (document.getElementById("desk")?.dataset["version"] === told) event.stopImmediatePropagation();
}

function lookAgain(): void {
  const desk = document.getElementById("desk");
  if (!desk || told === "" || desk.dataset["version"] === told || desk.classList.contains("htmx-request")) return;
  htmx.trigger(desk, "sse:look", {});
}
