// Click an answer, hear it.

const LEAD_IN_SECONDS = 3; // the question's last words come before the key press

export function playFromAnswers(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button.seek") : null;
    const player = button && document.getElementById(button.dataset["recording"] ?? "");
    if (button && player instanceof HTMLAudioElement) hear(player, Number(button.dataset["seconds"]));
  });
}

function hear(player: HTMLAudioElement, seconds: number): void {
  const from = Math.max(0, seconds - LEAD_IN_SECONDS);
  const start = (): void => {
    player.currentTime = from;
    void player.play();
  };
  if (player.readyState >= HTMLMediaElement.HAVE_METADATA) {
    start();
    return;
  }
  player.addEventListener("loadedmetadata", start, { once: true });
  player.load();
}
