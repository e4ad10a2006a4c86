"use strict";
(() => {
  const map = document.querySelector("nav");
  let lit = [];

  // into scrolls e's own pane until e can be seen, where map and hex stand side by side.
  function into(e) {
    const pane = e.closest(".rows, main");
    if (!pane || getComputedStyle(pane).overflowY !== "auto") return;
    const p = pane.getBoundingClientRect(), r = e.getBoundingClientRect();
    if (r.top < p.top || r.top > p.bottom - 40) pane.scrollTop += r.top - p.top - p.height / 4;
  }

  // show lights what belongs to the element at, in both panes.
  function show(at) {
    const own = at && at.closest("[data-part]");
    for (const e of lit) e.classList.remove("lit");
    lit = [];
    if (!own) return;
    const id = own.dataset.part;
    const row = document.getElementById("m-" + id) || document.getElementById("m-" + id.split("-")[0]);
    lit = [...document.querySelectorAll(`[data-part="${id}"]`), row];
    for (const e of lit) e.classList.add("lit");
    if (!map.contains(own) || own.closest("svg")) into(row);
    if (!own.closest("main")) into(document.getElementById(id));
  }

  // Content that is scrolled under the pointer is not pointed at.
  let x = -1, y = -1;
  document.addEventListener("pointerover", (e) => {
    if (e.clientX === x && e.clientY === y) return;
    [x, y] = [e.clientX, e.clientY];
    show(e.target.closest("[data-part]") || document.activeElement);
  });
  document.addEventListener("focusin", (e) => show(e.target));

  map.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    const rows = [...map.querySelectorAll("a")];
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (next) next.focus();
    e.preventDefault();
  });
})();
