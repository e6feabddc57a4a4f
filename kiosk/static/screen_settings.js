/** What a screen remembers, as a form: filled in, read back, sent when it is whole. */

/** What a screen has while nobody set it. */
export const USUAL = { language: "", ppi: 96, distance_m: 1, volume: 70, quiet_from_min: null, quiet_until_min: null, contrast: false, text_percent: 100, low_buttons: false };

/** "22:05" for 1325 minutes of the day; empty for none. */
export function timeOf(minutes) {
  if (minutes == null) return "";
  return [Math.floor(minutes / 60), minutes % 60].map((n) => String(n).padStart(2, "0")).join(":");
}

/** 1325 for "22:05"; null for none. */
export function minutesOf(time) {
  const [hours, minutes] = time.split(":").map(Number);
  return time ? hours * 60 + minutes : null;
}

/** Return the settings that a form says, or nothing where its quiet hours lack one end. @param {FormData} form */
export function filled(form) {
  const number = (name) => Number(form.get(name));
  const quiet = ["quiet_from_min", "quiet_until_min"].map((name) => minutesOf(String(form.get(name) ?? "")));
  if ((quiet[0] === null) !== (quiet[1] === null)) return null;
  return {
    language: form.get("language"), ppi: number("ppi"), distance_m: number("distance_m"), volume: number("volume"),
    quiet_from_min: quiet[0], quiet_until_min: quiet[1], contrast: form.has("contrast"), text_percent: number("text_percent"),
    low_buttons: form.has("low_buttons"),
  };
}

/** Open the dialog; `keep` gets the form and returns what is wrong, or nothing. */
export function ask(title, settings, keep) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("settings"));
  const form = /** @type {HTMLFormElement} */ (document.getElementById("settings-form"));
  const wrong = document.getElementById("settings-wrong");
  document.getElementById("settings-title").textContent = title;
  wrong.textContent = "";
  for (const [name, value] of Object.entries({ ...USUAL, ...settings })) {
    const control = form.elements[name];
    if (control.type === "checkbox") control.checked = value;
    else control.value = control.type === "time" ? timeOf(value) : value;
  }
  if (!form.elements.language.value) form.elements.language.selectedIndex = 0;
  document.getElementById("settings-cancel").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    wrong.textContent = await keep(new FormData(form));
    if (!wrong.textContent) dialog.close();
  };
  dialog.showModal();
}
