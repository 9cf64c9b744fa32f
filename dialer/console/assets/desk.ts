// The stream says which version the desk has. What is on screen already is not fetched again, and the answer to a key
// goes before any look: a desk that is drawn twice loses what the agent has opened, and the field that was written in.
import htmx from "htmx.org";

const SOON_MS = 100; // after a key the stream tells within this what the key's own answer shows already
const LATER_MS = 3000; // a server that does not answer is not asked again at once by hundreds of desks
const NOTHING_NEW = 204;

/** What htmx tells of a request. */
interface Asked {
  requestConfig: { verb: string };
  xhr: XMLHttpRequest;
}

let told = "";

export function followTheDesk(): void {
  document.addEventListener("sse:look", passOver, true);
  document.addEventListener("htmx:beforeRequest", (event) => event.target?.addEventListener("htmx:beforeSwap", dropLateLook));
  document.addEventListener("htmx:afterRequest", lookSoon);
}

/** News that is on screen already, or that the answer to a key will show. */
function passOver(event: Event): void {
  const news: unknown = event instanceof CustomEvent ? event.detail : null;
  if (!(news instanceof MessageEvent)) return;
  told = String(news.data);
  if (shown() === told || answerIsOnItsWay()) event.stopImmediatePropagation();
}

/** A key was pressed while the desk was looking: its answer is the newer one. */
function dropLateLook(event: Event): void {
  const gone = event.target instanceof Element && !event.target.isConnected;
  if (asked(event)?.requestConfig.verb === "get" && (gone || answerIsOnItsWay())) event.preventDefault();
}

function lookSoon(event: Event): void {
  const request = asked(event);
  if (request?.requestConfig.verb === "get" && request.xhr.status === NOTHING_NEW) return; // or it would ask for ever
  const answered = request !== null && request.xhr.status >= 200 && request.xhr.status < 500;
  setTimeout(lookAgain, answered ? SOON_MS : LATER_MS);
}

function lookAgain(): void {
  const desk = document.getElementById("desk");
  if (!desk || told === "" || shown() === told || desk.classList.contains("htmx-request") || answerIsOnItsWay()) return;
  htmx.trigger(desk, "sse:look", {});
}

function asked(event: Event): Asked | null {
  return event instanceof CustomEvent ? event.detail : null;
}

function shown(): string | undefined {
  return document.getElementById("desk")?.dataset["version"];
}

function answerIsOnItsWay(): boolean {
  return document.querySelector("#desk form.htmx-request") !== null;
}
