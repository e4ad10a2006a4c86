// The file that the capability names: its health, its versions, and each share among the others.
import { count, damages, el, state, table } from "./html.js";

// file returns the elements for a report. save is called with the version to be saved.
export function file(report, save) {
  const kind = `${report.level} capability of an ${report.format.toUpperCase()} ${report.directory ? "directory" : "file"}`;
  return [
    el("h2", { id: "file-title" }, "The file, from all shares together"),
    el("dl", {}, ...facts({ Health: state(report.health), Capability: kind, "Storage index": el("code", {}, report.storage_index) })),
    versions(report, save),
    ...(report.directory ? [el("p", {}, "What is saved of a directory is its listing, as Tahoe-LAFS stores it.")] : []),
    shares(report),
  ];
}

const facts = all => Object.entries(all).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);

function versions({ versions, level }, save) {
  if (versions.length === 0) return el("p", {}, "No version: none of the files is a sound share of this capability's file.");
  return table("Versions", [{ head: "version", kind: "number" }, { head: "root hash", kind: "value" }, { head: "bytes", kind: "number" },
    { head: "good shares" }, { head: "needed", kind: "number" }, { head: "can be recovered" }],
    versions.map(v => ({ cells: [count(v.seqnum), v.root_hash.slice(0, 16) + "…", count(v.size), good(v), count(v.k), recovered(v)] })));

  function recovered(v) {
    if (!v.recoverable) return "✗ no";
    if (level === "verify") return "✓ yes, with a read capability";
    const button = el("button", { type: "button", class: "main" }, `Save version ${count(v.seqnum)}`);
    button.onclick = () => save(v);
    return button;
  }
}

function good({ good, n, left_out: left }) {
  return `${good.length} of ${n}` + (left ? `; made without ${left.join(", ")}` : "");
}

function shares({ shares, labels }) {
  return table("Shares among each other; offsets count from the start of the share",
    [{ head: "share", kind: "number" }, { head: "file" }, { head: "version", kind: "number" }, { head: "verdict" }, { head: "what is wrong", kind: "text" }],
    shares.map(s => ({ kind: s.verdict, cells: [
      s.shnum < 0 ? "?" : s.shnum, s.path, s.seqnum ? count(s.seqnum) : "none",
      [state(s.verdict), ...(s.verdict !== "good" && s.readable ? [", readable"] : [])],
      s.damage.length ? damages(s.damage, labels) : "nothing"] })));
}
