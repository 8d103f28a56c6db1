// What arrives while one looks: clocks count down, toasts leave, new rows wait politely.
(() => {
  const SOON_MS = 10 * 60e3, NEAR_MS = 20 * 60e3, MANY_NEW = 3, TOAST_MS = 8000, AWAY_MS = 6000;

  const tick = () => document.querySelectorAll("[data-due]").forEach((el) => {
    const left = new Date(el.dataset.due) - Date.now(), late = left < 0;
    const minutes = Math.floor(Math.abs(left) / 60e3);
    const span = minutes < 60 ? [minutes, "minute"] : minutes < 2880 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
    const ja = document.documentElement.lang === "ja";
    const unit = { minute: ja ? "分" : " min", hour: ja ? "時間" : " h", day: ja ? "日" : " days" }[span[1]];
    el.querySelector("small").textContent = ja ? (late ? `${span[0]}${unit} 過ぎ` : `あと${span[0]}${unit}`) : (late ? `${span[0]}${unit} over` : `${span[0]}${unit} left`);
    el.classList.toggle("is-soon", left <= SOON_MS);
    el.classList.toggle("is-near", left > SOON_MS && left <= NEAR_MS);
  });
  setInterval(tick, 15e3);

  // A row under a finger or the focus is never moved: above three, rows wait behind a button.
  const settle = (list) => {
    const waiting = [...list.querySelectorAll(".event.is-waiting")];
    const button = list.parentElement.querySelector("[data-new]");
    if (!button) return;
    button.hidden = waiting.length === 0;
    button.textContent = button.dataset.new.replace("{n}", waiting.length);
  };
  const arrive = (list) => {
    const fresh = [...list.querySelectorAll(".event.is-new:not([data-met])")];
    const known = list.querySelectorAll(".event.is-waiting").length;
    const busy = list.contains(document.activeElement) || list.matches(":hover") || window.scrollY > 400;
    fresh.forEach((el) => { el.dataset.met = ""; });
    if (known || (busy && fresh.length) || fresh.length > MANY_NEW) fresh.forEach((el) => el.classList.add("is-waiting"));
    settle(list);
  };
  document.addEventListener("htmx:sseMessage", (event) => {
    const list = event.target.closest?.("[data-live-list]");
    if (list) arrive(list);
    tick();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-new]");
    if (!button) return;
    const list = button.parentElement.querySelector("[data-live-list]");
    list.querySelectorAll(".is-waiting").forEach((el) => el.classList.remove("is-waiting"));
    settle(list);
  });

  // A line that ends and opens again at once is no news; one that stays away is.
  let away = 0;
  document.addEventListener("htmx:sseError", () => {
    away ||= setTimeout(() => { document.body.dataset.line = "lost"; }, AWAY_MS);
  });
  document.addEventListener("htmx:sseOpen", () => {
    clearTimeout(away); away = 0;
    delete document.body.dataset.line;
  });

  const leave = (toast) => setTimeout(() => toast.remove(), TOAST_MS);
  new MutationObserver((changes) => changes.forEach((one) => one.addedNodes.forEach((node) => {
    if (node.matches?.(".toast")) leave(node);
  }))).observe(document.querySelector("[data-toasts]"), { childList: true });
  document.querySelectorAll("[data-toasts] .toast").forEach(leave);
  // What was taken back cannot be taken back again.
  document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.(".toast")?.remove());

  // What asks for itself again waits while somebody stands in it: focus must not be lost.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches?.("[data-refreshes]") && (event.target.contains(document.activeElement) || document.hidden)) event.preventDefault();
  });

  // A refusal is spoken once and must not outlive the act that follows it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.closest("[data-finder], [data-refreshes]")) return;
    document.querySelector("[data-alerts]")?.replaceChildren();
  });
})();
