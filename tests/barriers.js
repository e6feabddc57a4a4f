/** What axe says of a page that stands still: violations, and what it leaves to a person who has not looked yet. */
async ([contrast, reviewed]) => {
  const TURNS_MAX = 9;

  const looked = (id, node) => reviewed.some(([rule, where]) => rule === id && document.querySelector(node.target[0])?.matches(where));
  const lines = (mark, found, left) => found.flatMap(({ id, nodes }) => nodes.filter((node) => !left(id, node)).map((node) =>
    `${mark}${id}: ${node.html.slice(0, 200)} ${[...node.any, ...node.all, ...node.none].map((one) => one.message).join(" ")}`));

  async function look(rules) {
    const told = await axe.run(document, { ...rules, preload: false, resultTypes: ["violations", "incomplete"] });
    return [...lines("", told.violations, () => false), ...lines("unreviewed ", told.incomplete, looked)];
  }

  /** The lightest and the darkest colour of a shaded ground: between them no words are fainter than at one of them. */
  function ends(one) {
    const image = getComputedStyle(one).backgroundImage;
    const light = (colour) => colour.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    const passed = image.includes("gradient") ? image.match(/(rgba?|color)\([^()]*\)/g).sort((a, b) => light(a) - light(b)) : [];
    return passed.length ? [passed[0], passed.at(-1)] : [];
  }

  /** Judge colours: axe knows no shaded ground, so all are laid flat, light and then dark. */
  async function colours() {
    const shaded = [...document.querySelectorAll("*")].map((one) => [one, ends(one), one.style.cssText]).filter(([, both]) => both.length);
    const found = [];
    // Axe does not know that a dialog stands above everything: behind it nothing is to be read.
    const above = document.querySelector("dialog:modal");
    if (above) document.body.style.visibility = "hidden";
    if (above) above.style.visibility = "visible";
    // Nor can it judge a sign: letters stand in its place.
    const signs = [];
    for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode();) {
      if (/\S/.test(walk.currentNode.data) && !/[\p{L}\p{N}]/u.test(walk.currentNode.data)) signs.push([walk.currentNode, walk.currentNode.data]);
    }
    for (const [sign] of signs) sign.data = "xx";
    for (let n = 0; n < (shaded.length ? 2 : 1); n += 1) {
      for (const [one, both] of shaded) one.style.cssText += `; transition: none; background: ${both[n]}`;
      found.push(...(await look({ runOnly: ["color-contrast"] })));
      for (const [one, , style] of shaded) one.style.cssText = style;
    }
    for (const [sign, data] of signs) sign.data = data;
    for (const one of [document.body, ...(above ? [above] : [])]) one.style.removeProperty("visibility");
    return found;
  }

  let moved = false;
  let found = [];
  const watch = new MutationObserver(() => { moved = true; });
  watch.observe(document, { childList: true, subtree: true });
  // Of a page that was painted meanwhile axe tells nonsense: it is looked at again.
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    moved = false;
    found = await look({ rules: { "color-contrast": { enabled: false }, "target-size": { enabled: true } } });
    if (contrast) found.push(...(await colours()));
    if (!found.length || !moved) break;
  }
  watch.disconnect();
  return [...new Set(found)];
}
