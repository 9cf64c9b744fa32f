// The stream says which version the desk has. What is on screen already is not fetched again.

export function followTheDesk(): void {
  document.addEventListener("sse:look", passOverOldNews, true);
}

function passOverOldNews(event: Event): void {
  const news: unknown = event instanceof CustomEvent ? event.detail : null;
  const told = news instanceof MessageEvent ? String(news.data) : "";
  const desk = document.getElementById("desk");
  if (told !== "" && desk?.dataset["version"] === told) event.stopImmediatePropagation();
}
