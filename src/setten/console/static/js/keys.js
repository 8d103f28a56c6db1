// Single keys. Silent while a person types, while an IME composes, and when turned off.
(() => {
  const typing = (el) => el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
  const goTo = { h: "/", c: "/customers", s: "/stock", r: "/run/data" };
  let waitsForG = 0;

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((el) => el.offsetParent);
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((el) => el === document.activeElement || el.contains(document.activeElement));
    all[Math.min(all.length - 1, Math.max(0, at + by))].focus();
  };
  const press = (key) => {
    const el = [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.offsetParent);
    if (!el) return false;
    if (typing(el)) el.focus(); else if (el.tagName === "SECTION") { el.scrollIntoView({ block: "start" }); el.focus({ preventScroll: true }); } else el.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    // What is written in several lines is sent with Ctrl or Command.
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && event.target.matches?.(".composer textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const found = document.querySelector("[data-found]:not(:empty)");
      if (found) found.replaceChildren();
      if (typing(document.activeElement)) document.activeElement.blur();
      return;
    }
    // A finder that begins with the focus is there already: nobody seeks a stroke.
    if (event.key === "/" && event.target.matches?.("[data-find]") && !event.target.value) { event.preventDefault(); return; }
    if (typing(event.target)) return;
    if (event.key === "/") {
      const field = [...document.querySelectorAll(".finder-page [data-find]"), ...document.querySelectorAll("[data-find]")].find((one) => one.offsetParent);
      if (field) { event.preventDefault(); field.focus(); field.select(); }
      return;
    }
    if (document.body.dataset.keys === "off") return;
    if (Date.now() - waitsForG < 1200 && goTo[event.key]) { location.assign(goTo[event.key]); return; }
    if (event.key === "g") waitsForG = Date.now();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "?") document.querySelector('[data-dialog="keys"]')?.showModal();
    else if (press(event.key.toUpperCase())) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.querySelector(`[data-dialog="${opener.dataset.open}"]`)?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
})();
