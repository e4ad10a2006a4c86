// What runs beside the page, so that it stays responsive: the library, and the files. It is
// loaded behind wasm_exec.js, which defines Go, and does one thing that the page asks for after
// the other.
const go = new Go();
const names = [];

onmessage = ({ data: module }) => {
  let queue = load(module);
  onmessage = ({ data }) => {
    queue = queue.then(() => tasks[data.kind](data))
      .catch(error => postMessage({ kind: "failed", of: data.kind, text: error.message }));
  };
};

async function load(module) {
  const instance = await WebAssembly.instantiate(module, go.importObject);
  // The library ends only when it cannot go on, as when memory has run out.
  go.run(instance).then(() => postMessage({ kind: "ended" }));
}

const tasks = {
  async add({ files }) {
    const unread = [];
    for (const [i, file] of files.entries()) {
      say(`Reading ${file.name}`, i, files.length);
      try {
        const bytes = new Uint8Array(await file.arrayBuffer());
        ask("add", file.name, bytes);
      } catch {
        unread.push(file.name);
        continue;
      }
      share(names.push(file.name) - 1, i, files.length);
    }
    report(unread);
  },
  use({ text }) {
    ask("use", text);
    names.forEach((_, i) => share(i, i, names.length));
    report([]);
  },
  save({ version }) {
    const parts = []; // of blobs, which the browser need not keep in memory
    let done = 0;
    ask("recover", version.root_hash, bytes => {
      parts.push(new Blob([bytes]));
      done += bytes.length;
      say(`Recovering version ${version.seqnum}`, done, version.size);
    });
    postMessage({ kind: "saved", version, blob: new Blob(parts, { type: "application/octet-stream" }) });
  },
};

// share verifies file i; so many of all that are to be verified were so before.
function share(i, done, all) {
  say(`Verifying ${names[i]}`, done, all);
  postMessage({ kind: "share", i, share: ask("share", i) });
}

function report(unread) {
  say("Holding all files against each other");
  postMessage({ kind: "report", report: ask("report"), unread });
}

// ask calls the library.
function ask(method, ...args) {
  const { value, error } = JSON.parse(explorer[method](...args));
  if (error) throw new Error(error);
  return value;
}

// say tells how far the work is; without numbers, only that it goes on.
function say(text, done, total) {
  postMessage({ kind: "progress", text, done, total });
}
