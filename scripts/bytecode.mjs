// Replaces the Python sources in wheels and zip files by bytecode, in place: Pyodide then need not
// compile hundreds of modules in the browser. Pyodide's own server has both (full/ and pyc/).
//
// node bytecode.mjs PYODIDE ARCHIVE...
//   PYODIDE  folder of the pyodide.mjs whose Python compiles
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const COMPILER = `
import importlib.util, io, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

def compiled(archive):
    done = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(
        done, "w", zipfile.ZIP_DEFLATED
    ) as new:
        for info in old.infolist():
            name, data = info.filename, old.read(info)
            if name.endswith(".py"):
                try:
                    code = compile(data, name, "exec", dont_inherit=True)
                except (SyntaxError, ValueError):  # an example of what is wrong, or of Python 2
                    pass
                else:
                    # Python does not look for the source of such bytecode.
                    data = _code_to_hash_pyc(code, importlib.util.source_hash(data), False)
                    name += "c"
            elif name.endswith(".dist-info/RECORD"):
                data = data.replace(b".py,", b".pyc,")
            new.writestr(name, data)
    return done.getvalue()
`;

const [folder, ...archives] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
// Without columns in tracebacks, bytecode is a fifth smaller.
const env = { HOME: "/home/pyodide", PYTHONNODEBUGRANGES: "1" };
const pyodide = await loadPyodide({ indexURL: folder, env });
pyodide.runPython(COMPILER);
const compiled = pyodide.globals.get("compiled");
for (const archive of archives) {
  const bytes = compiled(pyodide.toPy(new Uint8Array(readFileSync(archive))));
  writeFileSync(archive + ".new", bytes.toJs());
  renameSync(archive + ".new", archive); // a half-written archive would stay unnoticed
  bytes.destroy();
}
process.exit(0);
