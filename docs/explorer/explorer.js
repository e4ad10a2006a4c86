// The page: it hands what the visitor gives to a worker, and shows what that says.
import { card } from "./card.js";
import { file } from "./file.js";
import { plural } from "./html.js";

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map(e => [e.id, e]));
let worker;
let shares = [];

try {
  const [support, script, wasm] = await Promise.all([
    fetched("wasm_exec.js", "text"), fetched("worker.js", "text"), fetched("explorer.wasm", "arrayBuffer")]);
  // From here on nothing can be fetched, not even from where the page came from.
  page.policy.after(Object.assign(document.createElement("meta"), { httpEquiv: "Content-Security-Policy",
    content: "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src blob:; img-src data:" }));
  const module = await WebAssembly.compile(wasm);
  // A worker with an address of its own has its own policy. One made of a blob has the page's.
  const code = URL.createObjectURL(new Blob([support, "\n", script], { type: "text/javascript" }));
  start(code, module);
  page.forget.onclick = () => start(code, module);
} catch (error) {
  page.status.textContent = `The page could not be loaded: ${error.message}`;
}

async function fetched(name, as) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${answer.statusText}`);
  return answer[as]();
}

// start begins with nothing, in a new worker.
function start(code, module) {
  worker?.terminate();
  worker = new Worker(code);
  worker.onmessage = ({ data }) => hear[data.kind](data);
  worker.postMessage(module);
  shares = [];
  page.files.value = page.cap.value = page.refused.textContent = "";
  page.file.hidden = page.shares.hidden = page.forget.hidden = true;
  page.file.replaceChildren();
  page.cards.replaceChildren();
  for (const input of [page.files, page.cap, page.show, page.use]) input.disabled = false;
  end("Ready. No file was given yet.");
}

function add(files) {
  const sorted = [...files].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  if (files.length > 0) worker.postMessage({ kind: "add", files: sorted });
}

page.files.onchange = () => add(page.files.files);
page.unlock.onsubmit = event => {
  event.preventDefault();
  page.refused.textContent = "";
  worker.postMessage({ kind: "use", text: page.cap.value });
};
page.show.onclick = () => {
  const shown = page.cap.type === "password";
  page.cap.type = shown ? "text" : "password";
  page.show.setAttribute("aria-pressed", shown);
};
document.ondragover = event => event.preventDefault();
document.ondrop = event => {
  event.preventDefault();
  if (worker) add(event.dataTransfer.files);
};

// hear has what the worker says.
const hear = {
  progress({ text, done, total }) {
    page.status.textContent = text + " …";
    page.progress.hidden = page.forget.hidden = false;
    if (total) Object.assign(page.progress, { max: total, value: done });
    else page.progress.removeAttribute("value");
  },
  share({ i, share }) {
    shares[i] = share;
    const old = page.cards.children[i];
    const now = card(share, old ? old.open : i === 0);
    if (old) old.replaceWith(now);
    else page.cards.append(now);
    page.shares.hidden = false;
  },
  report({ report, unread }) {
    page.file.hidden = !report || shares.length === 0;
    page.file.replaceChildren(...(report ? file(report, version => worker.postMessage({ kind: "save", version })) : []));
    end(summary(report, unread));
  },
  saved({ version, blob }) {
    const url = URL.createObjectURL(blob);
    Object.assign(document.createElement("a"), { href: url, download: `version-${version.seqnum}.bin` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
    end(`Recovered version ${version.seqnum}: ${plural(blob.size, "byte")}, all of them proven.`);
  },
  failed({ of, text }) {
    if (of === "use") page.refused.textContent = text;
    end(of === "use" ? "The capability was refused. Nothing has changed." : text);
  },
  ended() {
    end("The page has come to its end, perhaps for want of memory. Forget all of it, and begin again with fewer files.");
  },
};

function end(text) {
  page.progress.hidden = true;
  page.status.textContent = text;
}

function summary(report, unread) {
  const damaged = shares.filter(s => s.damage?.length).length;
  const parts = [`${plural(shares.length, "file")} verified: ` + (damaged ? `damage in ${damaged}.` : "no damage found.")];
  if (report) parts.push(`The whole is ${report.health}.`);
  if (unread.length) parts.push(`Could not be read: ${unread.join(", ")}. Folders cannot be given, only files.`);
  return parts.join(" ");
}
