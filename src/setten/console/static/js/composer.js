// The composer of segments: only the parts that the chosen kind of condition has are shown.
(() => {
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-shapes]")) return;
    event.target.closest("[data-shape]").dataset.shape = event.target.value;
  });
})();
