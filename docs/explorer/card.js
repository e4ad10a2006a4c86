// One file: what it is, its map, what is damaged, its fields.
import { count, damages, el, plural, state, svg, table, words } from "./html.js";

export function card(share, open) {
  const damage = share.damage ?? [];
  const parts = [
    ...(damage.length ? [el("h4", {}, "What is damaged"), damages(damage)] : []),
    map(share.regions),
    el("details", {}, el("summary", {}, `Fields (${count(share.fields?.length ?? 0)})`), fields(share.fields ?? [])),
  ];
  const e = el("details", { class: "card" },
    el("summary", {}, el("h3", {}, share.name), el("p", {}, what(share)), el("p", {}, result(share, damage)), bar(share)),
    ...parts);
  e.open = open;
  return e;
}

function what({ kind, format, shnum, size }) {
  return [
    kind === "container" ? "container of a storage server" : "bare share",
    format ? format.toUpperCase() : "format unknown",
    shnum < 0 ? "number unknown" : `share ${shnum}`,
    plural(size, "byte"),
  ].join(", ");
}

function result({ regions, size }, damage) {
  const proven = regions.reduce((sum, r) => sum + (r.state === "proven" ? r.length : 0), 0);
  const found = damage.length ? `✗ ${plural(damage.length, "damage")} found` : "✓ no damage found";
  return `${found}, ${count(proven)} of ${plural(size, "byte")} proven`;
}

// bar draws the regions to scale, but each at least as a sliver.
function bar({ name, regions, size }) {
  const sliver = 0.004;
  const widths = regions.map(r => Math.max(r.length / size, sliver));
  const all = widths.reduce((sum, w) => sum + w, 0);
  let x = 0;
  const rects = regions.flatMap((r, i) => {
    const place = { x: `${100 * x / all}%`, width: `${100 * widths[i] / all}%`, height: "100%" };
    x += widths[i];
    const box = svg("rect", { ...place, class: `${r.state} edge` }, svg("title", {}, `${words(r.name)}: ${r.state}`));
    return r.state === "proven" ? [box] : [box, svg("rect", { ...place, fill: `url(#${r.state})`, "pointer-events": "none" })];
  });
  return svg("svg", { class: "bar", role: "img", "aria-label": `Map of ${name}; the table below has the same in words` }, ...rects);
}

function map(regions) {
  return table("Map", [{ head: "byte", kind: "number" }, { head: "hex", kind: "number weak" }, { head: "length", kind: "number" },
    { head: "region" }, { head: "state" }, { head: "why", kind: "text" }],
    regions.map(r => ({ kind: r.state, cells:
      [count(r.offset), "0x" + r.offset.toString(16), count(r.length), words(r.name) + segments(r), state(r.state), r.reason] })));
}

function segments({ first_segment: first = 0, segments: n }) {
  if (!n) return "";
  return n === 1 ? ` of segment ${count(first)}` : ` of segments ${count(first)} to ${count(first + n - 1)}`;
}

function fields(all) {
  return table("Fields", [{ head: "byte", kind: "number" }, { head: "length", kind: "number" }, { head: "field" }, { head: "value", kind: "value" }],
    all.map(f => ({ cells: [count(f.offset), count(f.length), f.name, f.value] })));
}
