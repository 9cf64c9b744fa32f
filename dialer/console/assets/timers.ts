// Elapsed time. The server says how long it has been (its clock may not be this machine's); the page counts on.

import { clock } from "./clock";

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
    const text = clock(seconds);
    if (text === run.shown) continue;
    timer.textContent = run.shown = text;
    timer.classList.toggle("over-target", seconds > Number(timer.dataset["target"] ?? Infinity));
  }
}
