(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  // light returns the luminance of colours that are drawn one over the other.
  const light = (colours) => {
    const key = colours.join();
    if (!known.has(key)) {
      canvas.clearRect(0, 0, 1, 1);
      for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); }
      const rgb = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255);
      known.set(key, rgb.map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0));
    }
    return known.get(key);
  };
  // behind returns all that can be behind e: colours from the page's to its own. Each colour
  // of a gradient is one way for it to look.
  const behind = (e) => {
    let ways = [[]];
    for (; e; e = e.parentElement) {
      const style = getComputedStyle(e), gradient = style.backgroundImage.match(/\b[a-z]+\([^()]*\)/g) ?? ["transparent"];
      ways = ways.flatMap((way) => [...new Set(gradient)].map((c) => [style.backgroundColor, c, ...way]));
    }
    return ways;
  };
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let checked = 0;
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement, text = texts.currentNode.data.trim().slice(0, 40);
    if (!text || !e.checkVisibility() || e.closest("svg")) continue;
    checked++;
    const style = getComputedStyle(e);
    for (const way of behind(e)) {
      const back = light(way), fore = light([...way, style.color]);
      const contrast = (Math.max(back, fore) + .05) / (Math.min(back, fore) + .05);
      if (contrast < 4.5) found.add(`${contrast.toFixed(2)}: ${text}`);
    }
    if (parseFloat(style.fontSize) < 11) found.add(`${style.fontSize}: ${text}`);
    const scrolls = /auto|scroll/.test(style.overflowX) || style.textOverflow === "ellipsis";
    if (!scrolls && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1) found.add(`cut off: ${text}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.add(`scrolls sideways: ${document.documentElement.scrollWidth} in ${innerWidth} pixels`);
  return checked ? [...found] : ["there is nothing to read"];
})()
