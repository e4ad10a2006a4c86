// One file: what it is, its map, what is damaged, its fields.
import { count, damages, el, plural, prose, state, svg, table, words } from "./html.js";

export function card(share, open) {
  const damage = share.damage ?? [];
  const parts = [
    ...(damage.length ? [el("h4", {}, "What is damaged"), damages(damage, share.labels)] : []),
    map(share),
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

// bar draws the regions to scale, damaged ones on top of the others and at least as a sliver.
function bar({ name, regions, size, labels }) {
  const sliver = 0.004;
  const draw = ({ offset, length, state, name }) => {
    const width = Math.max(length / size, state === "damaged" ? sliver : 0);
    const x = Math.min(offset / size, 1 - width);
    const place = { x: `${100 * x}%`, width: `${100 * width}%`, height: "100%" };
    const box = svg("rect", { ...place, class: `${state} edge` }, svg("title", {}, `${words(name, labels)}: ${state}`));
    return state === "proven" ? [box] : [box, svg("rect", { ...place, fill: `url(#${state})`, "pointer-events": "none" })];
  };
  const damaged = regions.filter(r => r.state === "damaged"), others = regions.filter(r => r.state !== "damaged");
  return svg("svg", { class: "bar", role: "img", "aria-label": `Map of ${name}, to scale; the table below has the same in words` },
    ...[...others, ...damaged].flatMap(draw));
}

function map({ regions, labels }) {
  return table("Map", [{ head: "byte", kind: "number" }, { head: "hex", kind: "number weak" }, { head: "length", kind: "number" },
    { head: "region" }, { head: "state" }, { head: "why", kind: "text" }],
    regions.map(r => ({ kind: r.state, cells:
      [count(r.offset), "0x" + r.offset.toString(16), count(r.length), words(r.name, labels) + segments(r), state(r.state), prose(r.reason)] })));
}

function segments({ first_segment: first = 0, segments: n }) {
  if (!n) return "";
  return n === 1 ? ` of segment ${count(first)}` : ` of segments ${count(first)} to ${count(first + n - 1)}`;
}

function fields(all) {
  return table("Fields", [{ head: "byte", kind: "number" }, { head: "length", kind: "number" }, { head: "field" }, { head: "value", kind: "value" }],
    all.map(f => ({ cells: [count(f.offset), count(f.length), f.name, f.length <= 8 ? prose(f.value) : f.value] })));
}
