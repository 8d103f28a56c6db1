// The finder: arrows walk through what was found, Enter opens, a click outside closes.
(() => {
  const options = (form) => [...(form.parentElement.querySelector("[data-found]")?.querySelectorAll("[role=option]") || [])];
  const choose = (all, at) => all.forEach((el, i) => el.setAttribute("aria-selected", String(i === at)));

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-find]") || event.isComposing) return;
    const all = options(event.target.form);
    const at = all.findIndex((el) => el.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(all, Math.min(all.length - 1, at + 1));
    else if (event.key === "ArrowUp") choose(all, Math.max(0, at - 1));
    else if (event.key === "Enter" && all.length) all[Math.max(0, at)].click();
    else return;
    event.preventDefault();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.target.matches?.("[data-found]")) return;
    const field = event.target.parentElement.querySelector("[data-find]");
    field?.setAttribute("aria-expanded", String(event.target.childElementCount > 0));
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest(".topbar-tools, .finder-page")) return;
    document.querySelectorAll(".topbar [data-found]").forEach((el) => el.replaceChildren());
  });
})();
