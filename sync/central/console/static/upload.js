/** Sending a large file in parts, with its progress; without this script the form sends small files whole. */

const form = document.querySelector("form.upload");

/** @param {string} method @param {string} to @param {BodyInit} [body] */
async function send(method, to, body) {
  const token = form.elements.namedItem("token").value;
  const reply = await fetch(to, { method, body, headers: { "X-Polso-Token": token } });
  if (!reply.ok) throw new Error(String(reply.status));
  return reply;
}

/** @param {File} file */
async function upload(file) {
  const here = location.pathname;
  const { job } = await (await send("POST", here, new URLSearchParams({ name: file.name }))).json();
  const size = Number(form.dataset.parts);
  const bar = document.getElementById("sending");
  for (let at = 0; at < file.size || at === 0; at += size) {
    await send("PUT", `${here}/${job}/parts/${at}`, file.slice(at, at + size));
    bar.value = Math.min(1, (at + size) / Math.max(1, file.size));
  }
  await send("POST", `${here}/${job}/start`);
  location.assign(`${here}/${job}`);
}

form?.addEventListener("submit", async (event) => {
  const file = form.elements.namedItem("file").files[0];
  if (!file) return;
  event.preventDefault();
  form.querySelector("[data-sending]").hidden = false;
  form.querySelector("[data-broken]").hidden = true;
  form.querySelector("button").disabled = true;
  try {
    await upload(file);
  } catch {
    form.querySelector("[data-sending]").hidden = true;
    form.querySelector("[data-broken]").hidden = false;
    form.querySelector("button").disabled = false;
  }
});
