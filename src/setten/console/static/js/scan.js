// The camera reads what a scanner would type: where the browser can, else the button stays hidden.
(() => {
  const KINDS = ["qr_code", "ean_13", "ean_8", "upc_a", "code_128", "itf", "data_matrix"];
  const button = document.querySelector("[data-scan]");
  const box = document.querySelector("[data-scanner]");
  if (!button || !box || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  button.hidden = false;
  const view = box.querySelector("[data-view]");
  let stream = null;
  const end = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (box.open) box.close();
  };
  const look = async (reader) => {
    if (!stream) return;
    const [found] = await reader.detect(view).catch(() => []);
    if (!found) { requestAnimationFrame(() => look(reader)); return; }
    end();
    const field = document.querySelector("[data-code]");
    field.value = found.rawValue.slice(0, 200);
    field.form.requestSubmit();
  };
  button.addEventListener("click", async () => {
    const able = await window.BarcodeDetector.getSupportedFormats();
    const reader = new window.BarcodeDetector({ formats: KINDS.filter((kind) => able.includes(kind)) });
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch { button.hidden = true; return; }
    view.srcObject = stream;
    box.showModal();
    await view.play();
    look(reader);
  });
  box.querySelector("[data-scan-end]").addEventListener("click", end);
  box.addEventListener("close", end);
})();
