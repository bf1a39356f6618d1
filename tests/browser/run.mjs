// Runs the code cells of notebooks in Pyodide, in order, and prints a JSON line for each cell.
//
// node run.mjs PYODIDE WHEELS STAND_INS NOTEBOOK...
//   PYODIDE    folder of pyodide.mjs with the packages of its lock file
//   WHEELS     folder of pure wheels, ari_notebook's among them
//   STAND_INS  folder of Python modules for packages without a wheel; "-" for none
import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join, basename } from "node:path";

const [pyodideFolder, wheels, standIns, ...notebooks] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(pyodideFolder, "pyodide.mjs")));
const began = performance.now();
const pyodide = await loadPyodide({ indexURL: pyodideFolder, stdout: () => {}, stderr: () => {} });
await pyodide.loadPackage(["numpy", "pandas", "ipython", "matplotlib", "pytz"], {
  messageCallback: () => {},
});
const site = pyodide.runPython("import site; site.getsitepackages()[0]");
for (const name of readdirSync(wheels)) {
  if (name.endsWith(".whl")) {
    const bytes = new Uint8Array(readFileSync(join(wheels, name)));
    pyodide.unpackArchive(bytes, "wheel", { extractDir: site });
  }
}
if (standIns !== "-") {
  for (const name of readdirSync(standIns)) {
    if (name.endsWith(".py")) {
      pyodide.FS.writeFile(`${site}/${name}`, readFileSync(join(standIns, name)));
    }
  }
}
pyodide.FS.writeFile(
  "/run_cells.py",
  readFileSync(new URL("run_cells.py", import.meta.url)),
);
console.log(JSON.stringify({ loaded: (performance.now() - began) / 1000 }));
// matplotlib's usual backend draws on a page, which node does not have.
pyodide.runPython("import os, sys; sys.path.insert(0, '/'); os.environ['MPLBACKEND'] = 'agg'");
const run = pyodide.pyimport("run_cells").run;
for (const notebook of notebooks) {
  const results = await run(readFileSync(notebook, "utf8"), basename(notebook));
  for (const line of results.toJs()) console.log(line);
}
process.exit(0);
