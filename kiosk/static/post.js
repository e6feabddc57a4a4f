/** Acts: one POST each, with an operation id made beforehand, so that pressing twice does it once. */

/** Return a new operation id: 128 random bits. */
export function newOp() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return what this page's acts carry, so that no other page can act in its browser's name. */
function token() {
  return globalThis.document?.querySelector('meta[name="polso-token"]')?.content ?? "";
}

/** Carry another token from now on: the session goes on under a new one. */
export function renew(fresh) {
  const kept = document.querySelector('meta[name="polso-token"]');
  if (kept && fresh) kept.content = `${fresh} ${kept.content}`;
}

/**
 * Send one act. Never throws: no answer at all is status 0.
 * @param {string} address
 * @param {Record<string, unknown>} body
 * @returns {Promise<{ok: boolean, status: number, body: any}>}
 */
export async function post(address, body) {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Polso-Token": token() },
      body: JSON.stringify({ op: newOp(), ...body }),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : null };
  } catch (error) {
    return { ok: false, status: 0, body: { title: String(error), hint: "" } };
  }
}
