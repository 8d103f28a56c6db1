// Small manners of forms: a sent composer empties, a dialog closes, a button presses another, a link is chosen whole.
(() => {
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    const form = event.target.closest?.("[data-resets]");
    if (form) form.reset();
    event.target.closest?.("[data-closes]")?.closest("dialog")?.close();
  });
  document.addEventListener("click", (event) => {
    const presser = event.target.closest("[data-press]");
    if (!presser) return;
    const el = document.querySelector(`[data-key="${presser.dataset.press}"]`);
    if (!el) return;
    if (el.matches("textarea, input")) el.focus(); else el.click();
  });
  // What stands in the next block of code goes to the clipboard; where the browser has none (plain
  // http from elsewhere), it is chosen whole, so that one key copies it.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const code = button.closest(".buttons").nextElementSibling;
    getSelection().selectAllChildren(code);
    try { await navigator.clipboard.writeText(code.innerText); } catch { if (!document.execCommand("copy")) return; }
    const word = button.textContent;
    if (word === button.dataset.said) return;
    button.textContent = button.dataset.said;
    setTimeout(() => { button.textContent = word; }, 2000);
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("[data-selects]")) event.target.select();
  });
  // Who counts shelves goes on with the next goods; who went elsewhere meanwhile stays there.
  document.addEventListener("htmx:afterSettle", (event) => {
    const row = event.target.closest?.(".count-line.is-counted");
    if (!row || document.activeElement !== document.body) return;
    const rest = [...document.querySelectorAll(".count-line")];
    const next = rest.slice(rest.indexOf(row) + 1).find((one) => !one.matches(".is-counted"));
    next?.querySelector("input.num")?.focus();
  });
  document.addEventListener("input", (event) => {
    const area = event.target;
    if (!area.matches?.("[data-grows]")) return;
    area.rows = Math.min(10, Math.max(2, area.value.split("\n").length));
  });
})();
