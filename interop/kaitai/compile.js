// Compiles docs/format/*.ksy to Python parsers that keep where each field was: compile.js FROM TO
const fs = require("fs"), path = require("path");
const compiler = require("kaitai-struct-compiler"), yaml = require("yaml");

const [from, to] = process.argv.slice(2);
const load = (file) => yaml.parse(fs.readFileSync(path.join(from, file), "utf8"));
const importer = { importYaml: async (name) => load(name + ".ksy") };

async function compile(file) {
  const made = await compiler.compile("python", load(file), importer, true);
  for (const name in made) fs.writeFileSync(path.join(to, name), made[name]);
}

const files = fs.readdirSync(from).filter((f) => f.endsWith(".ksy"));
Promise.all(files.map(compile)).catch((err) => {
  console.error(`${from}: ${err}`);
  process.exit(1);
});
