// The queue redraws itself: an open ticket stays open, and the phone's act bar mirrors its main act.
(() => {
  let open = null;
  const remember = () => { open = document.querySelector("[data-queue] .ticket[open]")?.dataset.id ?? open; };
  const recall = () => {
    open = document.querySelector("[data-queue] .ticket[data-wanted]")?.dataset.id ?? open;
    if (!open) return;
    const ticket = document.querySelector(`[data-queue] .ticket[data-id="${open}"]`);
    if (ticket) ticket.open = true;
  };
  const mirror = () => {
    const bar = document.querySelector("[data-mirror]");
    if (!bar) return;
    const act = document.querySelector("[data-queue] .ticket[open] .is-main");
    bar.textContent = act ? act.textContent : bar.dataset.fallback;
    document.querySelectorAll("[data-queue] .is-main").forEach((el) => el.classList.toggle("is-primary", el === act));
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".ticket")) { if (event.target.open) open = event.target.dataset.id; mirror(); }
  }, true);
  document.addEventListener("htmx:sseBeforeMessage", remember);
  document.addEventListener("htmx:beforeSwap", remember);
  const drawn = (event) => { if (event.target.closest?.("[data-queue]")) { recall(); mirror(); } };
  document.addEventListener("htmx:afterSwap", drawn);
  document.addEventListener("htmx:sseMessage", drawn);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-mirror]")) return;
    const act = document.querySelector("[data-queue] .ticket[open] .is-main");
    if (act) act.click(); else document.querySelector("[data-code]")?.focus();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.matches?.("[data-code-form]") && event.detail.successful) event.target.reset();
  });
  mirror();
})();
