// The camera reads what a scanner would type. Browsers without a reader of their own (iPhones, most
// desktops) fetch ours at the first press; where there is no camera the button stays hidden.
(() => {
  const KINDS = ["qr_code", "ean_13", "ean_8", "upc_a", "code_128", "itf", "data_matrix"];
  const FORMATS = ["QRCode", "EAN13", "EAN8", "UPCA", "Code128", "ITF", "DataMatrix"];
  const WIDE = 960, PAUSE_MS = 120, CODE_MAX = 200;
  const button = document.querySelector("[data-scan]");
  const box = document.querySelector("[data-scanner]");
  if (!button || !box || !navigator.mediaDevices?.getUserMedia) return;
  button.hidden = false;
  const view = box.querySelector("[data-view]");
  let stream = null;

  const own = async () => {
    const able = await window.BarcodeDetector.getSupportedFormats();
    const kinds = KINDS.filter((kind) => able.includes(kind));
    if (!kinds.length) return null;
    const reader = new window.BarcodeDetector({ formats: kinds });
    return async () => (await reader.detect(view).catch(() => []))[0]?.rawValue;
  };
  const fetched = () => new Promise((done, failed) => {
    if (window.ZXingWASM) { done(); return; }
    const script = Object.assign(document.createElement("script"), { src: box.dataset.reader, onload: done, onerror: failed });
    document.head.append(script);
  });
  const ours = async () => {
    await fetched();
    window.ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => box.dataset.wasm } });
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    return async () => {
      if (!view.videoWidth) return undefined;
      const scale = Math.min(1, WIDE / view.videoWidth);
      canvas.width = view.videoWidth * scale; canvas.height = view.videoHeight * scale;
      pen.drawImage(view, 0, 0, canvas.width, canvas.height);
      const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
      const found = await window.ZXingWASM.readBarcodes(picture, { formats: FORMATS, maxNumberOfSymbols: 1, tryHarder: true });
      return found[0]?.text;
    };
  };

  const end = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (box.open) box.close();
  };
  // A row that is on the page is where a hand goes next; else the field takes what was read.
  const take = (text) => {
    const row = [...document.querySelectorAll("[data-codes]")].find((el) => el.dataset.codes.split(" ").includes(text));
    if (row) { row.querySelector("input:not([type=hidden])").focus(); row.scrollIntoView({ block: "center" }); return; }
    const field = document.querySelector(button.dataset.scan || "[data-code]");
    field.value = text;
    field.focus();
    if (field.matches("[data-find]")) field.dispatchEvent(new Event("input", { bubbles: true }));
    else if (!field.matches("[data-waits]")) field.form.requestSubmit();
  };
  const look = async (read) => {
    if (!stream) return;
    const text = await read();
    if (!stream) return;
    if (!text) { setTimeout(() => look(read), PAUSE_MS); return; }
    end();
    navigator.vibrate?.(40);
    take(text.slice(0, CODE_MAX));
  };
  button.addEventListener("click", async () => {
    const told = box.querySelector("[data-told]");
    told.hidden = true;
    box.showModal();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
      if (!box.open) { end(); return; }
      view.srcObject = stream;
      await view.play();
      look(("BarcodeDetector" in window && await own()) || await ours());
    } catch {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      told.hidden = false;
    }
  });
  box.querySelector("[data-scan-end]").addEventListener("click", end);
  box.addEventListener("close", end);
})();
