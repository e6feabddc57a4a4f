/** What is alive on a page: sections that look again by themselves, until somebody pauses them. */

const pause = document.querySelector("[data-pause]");
pause?.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(pause.getAttribute("aria-pressed") !== "true"));
});

/** Take the newest state of a section from its own page; never while somebody works inside it. @param {HTMLElement} section */
async function again(section) {
  const busy = section.contains(document.activeElement) || pause?.getAttribute("aria-pressed") === "true";
  if (!busy && !document.hidden) {
    try {
      const reply = await fetch(location.href, { redirect: "error", cache: "no-store", headers: { "X-Polso-Live": "1" } });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const fresh = page.getElementById(section.id);
      if (reply.ok && fresh) swap(section, fresh);
    } catch {
      // Central or the network is away: the next look may find it.
    }
  }
  if (section.dataset.live) setTimeout(again, Number(section.dataset.live) * 1000, section);
}

/** @param {HTMLElement} section @param {HTMLElement} fresh */
function swap(section, fresh) {
  if (!fresh.dataset.live) delete section.dataset.live;
  if (section.innerHTML !== fresh.innerHTML) section.replaceChildren(...fresh.childNodes);
}

for (const section of document.querySelectorAll("[data-live]")) {
  setTimeout(again, Number(section.dataset.live) * 1000, section);
}
