// Whatever carries `data-print` opens the browser's print dialogue.

export function printOnRequest(): void {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
  });
}
