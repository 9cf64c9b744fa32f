// Elapsed time. The server says how long it has been (its clock may not be this machine's); the page counts on.

interface Running {
  shown: string;
  startedAt: number;
}

const running = new WeakMap<HTMLElement, Running>();

export function runTimers(): void {
  tick();
  setInterval(tick, 500);
}

function tick(): void {
  for (const timer of document.querySelectorAll<HTMLElement>("[data-seconds][role=timer]")) {
    const told = Number(timer.dataset["seconds"]);
    const run = running.get(timer) ?? { shown: "", startedAt: performance.now() - told * 1000 };
    running.set(timer, run);
    const seconds = Math.floor((performance.now() - run.startedAt) / 1000);
    const text = asClock(seconds);
    if (text === run.shown) continue;
    timer.textContent = run.shown = text;
    timer.classList.toggle("over-target", seconds > Number(timer.dataset["target"] ?? Infinity));
  }
}

function asClock(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const clock = `${minutes % 60}:${two(seconds % 60)}`;
  return minutes < 60 ? clock : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
