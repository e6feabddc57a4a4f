/** Acts: one POST each, with an operation id made beforehand, so that pressing twice does it once. */

/** Return a new operation id: 128 random bits. */
export function newOp() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
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
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ op: newOp(), ...body }),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : null };
  } catch (error) {
    return { ok: false, status: 0, body: { title: String(error), hint: "" } };
  }
}
