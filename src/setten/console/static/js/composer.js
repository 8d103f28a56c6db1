// The composer of segments: only the parts that the chosen kind of condition has are shown; words
// that are offered take the place of what was typed, and are counted at once.
(() => {
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-shapes]")) return;
    event.target.closest("[data-shape]").dataset.shape = event.target.value;
  });
  document.addEventListener("click", (event) => {
    const offered = event.target.closest?.("[data-say]");
    if (!offered) return;
    const words = document.querySelector("textarea[name=words]");
    words.value = offered.dataset.say;
    words.dispatchEvent(new Event("input", { bubbles: true }));
    words.focus();
  });
})();
