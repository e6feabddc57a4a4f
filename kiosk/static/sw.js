/** The shell: pages and files from the network, from the cache where the edge is down; never streams, never acts. */
const CACHE = "polso-{digest}";
const NEVER = ["/events", "/q/", "/api/", "/staff", "/till/", "/phone", "/ops", "/metrics", "/demo", "/sign-in", "/enrol"];
/** The cashier's side of a till carries a name and is never kept; the guest's side is a shell like any other. */
const GUESTS_SIDE = /^\/till\/[^/]+\/guest$/;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const forget = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

/** Whether a request is for the shell: nothing personal is ever kept. */
function kept(request) {
  const { origin, pathname } = new URL(request.url);
  return request.method === "GET" && origin === self.location.origin && (GUESTS_SIDE.test(pathname) || !NEVER.some((path) => pathname.startsWith(path)));
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const old = await cache.match(request, { ignoreVary: true });
    if (old) return old;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  if (kept(event.request)) event.respondWith(answer(event.request));
});
