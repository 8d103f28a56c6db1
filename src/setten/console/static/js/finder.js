// The finder: arrows walk through what was found, Enter opens, a click outside closes.
(() => {
  const asked = new WeakMap();   // form → the words that were sent last
  const shown = new WeakMap();   // form → the words that what stands below it answers
  const waiting = new WeakMap(); // form → the words after which Enter was pressed too early

  const options = (form) => [...(form.parentElement.querySelector("[data-found]")?.querySelectorAll("[role=option]") || [])];
  const chosen = (all) => all.findIndex((el) => el.getAttribute("aria-selected") === "true");
  const choose = (all, at) => all.forEach((el, i) => el.setAttribute("aria-selected", String(i === at)));

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-find]") || event.isComposing) return;
    const form = event.target.form, all = options(form), at = chosen(all);
    if (event.key === "ArrowDown") choose(all, Math.min(all.length - 1, at + 1));
    else if (event.key === "ArrowUp") choose(all, Math.max(0, at - 1));
    else if (event.key === "Enter" && all.length && shown.get(form) === event.target.value) all[Math.max(0, at)].click();
    else {
      // A scanner's Enter comes before the answer: what is found then is opened, not what is there.
      if (event.key === "Enter") waiting.set(form, event.target.value);
      return;
    }
    event.preventDefault();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const field = event.target.querySelector?.("[data-find]");
    if (field) asked.set(event.target, field.value);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.target.matches?.("[data-found]")) return;
    const field = event.target.parentElement.querySelector("[data-find]");
    if (!field) return;
    field.setAttribute("aria-expanded", String(event.target.childElementCount > 0));
    shown.set(field.form, asked.get(field.form));
    if (waiting.get(field.form) !== field.value || shown.get(field.form) !== field.value) return;
    waiting.delete(field.form);
    const all = options(field.form), exact = all.filter((el) => "exact" in el.dataset);
    const only = [exact, all].find((some) => some.length === 1);
    only?.[0].click(); // of several nobody has looked at yet none is opened
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest(".topbar-tools, .finder-page")) return;
    document.querySelectorAll(".topbar [data-found]").forEach((el) => el.replaceChildren());
  });
})();
