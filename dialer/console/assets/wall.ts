// The floor wall renews itself while people use it: never under a pressed button, or the click would be lost.

export function keepClicks(): void {
  let pressed = false;
  const release = (): void => {
    pressed = false;
  };
  document.addEventListener("pointerdown", () => {
    pressed = true;
  });
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", release);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const wall = event.target instanceof Element && event.target.matches(".wall");
    if (wall && pressed && event instanceof CustomEvent) event.detail.shouldSwap = false; // the next renewal is near
  });
}
