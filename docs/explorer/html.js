// Small words for making elements. Text is always text: nothing that a share says becomes markup.

export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(e, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

// most bounds how many rows or damages are listed: anybody can make a share with very many.
const most = 1000;

// listed returns the first elements of all, each through make, and what says how many are left out.
function listed(all, make, rest) {
  const left = all.length - most;
  return [...all.slice(0, most).map(make), ...(left > 0 ? [rest(`and ${count(left)} more`)] : [])];
}

// table is one that scrolls within itself where it is too wide, and whose cells stand below each
// other, each behind its head, in a narrow window; the roles say that it is a table all the same.
// Columns are {head, kind}, the kind a class of all cells below.
export function table(caption, columns, rows) {
  const name = el("caption", {}, caption);
  const head = el("tr", { role: "row" }, ...columns.map(c => el("th", { role: "columnheader", scope: "col", class: c.kind ?? "" }, c.head)));
  const body = listed(rows, row => el("tr", { role: "row", class: row.kind ?? "" },
    ...row.cells.map((cell, i) => el("td", { role: "cell", class: columns[i].kind ?? "", "data-head": columns[i].head },
      el("div", {}, ...[cell].flat())))),
    more => el("tr", { role: "row" }, el("td", { role: "cell", colspan: columns.length }, more)));
  return el("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": caption },
    el("table", { role: "table" }, name, el("thead", { role: "rowgroup" }, head), el("tbody", { role: "rowgroup" }, ...body)));
}

export const count = n => n.toLocaleString("en");

export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

// words is what people call a region.
export const words = (name, labels) => labels[name] ?? name.replaceAll("_", " ");

// prose writes the numbers in a sentence as count does.
export const prose = text => text.replace(/\b\d{4,}\b/g, digits => BigInt(digits).toLocaleString("en"));

const marks = { proven: "✓", damaged: "✗", unproven: "–", good: "✓", malformed: "✗", foreign: "–", healthy: "✓", unrecoverable: "✗" };

// state is a word for how something fares, with a mark in front.
export const state = word => el("span", { class: `state ${word}` }, `${marks[word]} ${word}`);

// damages says what is wrong, and at which bytes.
export const damages = (all, labels) => el("ul", { class: "damage" },
  ...listed(all, d => damage(d, labels), more => el("li", {}, more)));

function damage({ region, offset, length, reason }, labels) {
  const bytes = length ? `, bytes ${count(offset)} to ${count(offset + length - 1)}` : "";
  return el("li", {}, el("b", {}, words(region, labels) + bytes), `: ${prose(reason)}`);
}
