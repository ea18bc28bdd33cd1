// The worker of run.js: Python, the package and what a cell imports, all from this site.
const folder = new URL("../_run/", self.location);
let python = null;

const text = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status} ${answer.statusText}`);
  return answer.text();
};

const start = async () => {
  importScripts(new URL("pyodide.js", folder));
  const pyodide = await loadPyodide({
    indexURL: folder.href,
    env: { HOME: "/home/pyodide", MPLBACKEND: "module://figures" },
  });
  pyodide.FS.mkdirTree("/home/pyodide/_static");
  for (const [url, file] of [
    [new URL("cells.py", folder), "cells.py"],
    [new URL("figures.py", folder), "figures.py"],
    [new URL("book.mplstyle", self.location), "_static/book.mplstyle"],
  ]) {
    pyodide.FS.writeFile(`/home/pyodide/${file}`, await text(url));
  }
  pyodide.runPython('import logging; logging.getLogger("matplotlib").setLevel("ERROR")');
  return { pyodide, machine: pyodide.pyimport("cells") };
};

const run = async ({ number, cells }) => {
  const say = (kind, more) => self.postMessage({ number, kind, ...more });
  say("status", { text: "Loading Python…" });
  python ??= start();
  const { pyodide, machine } = await python;
  const sources = pyodide.toPy(cells);
  const failed = [];
  await pyodide.loadPackagesFromImports(machine.program(sources, number), {
    messageCallback: (message) => say("status", { text: message }),
    errorCallback: (message) => failed.push(message),
  });
  if (failed.length > 0) throw new Error(failed[0]);
  say("status", { text: "Running…" });
  const began = performance.now();
  const raised = machine.run(sources, number, (kind, output) => say(kind, { text: output }));
  sources.destroy();
  say("end", { raised, seconds: (performance.now() - began) / 1000 });
};

// One run after the other: Python has one output.
let last = Promise.resolve();
self.addEventListener("message", ({ data }) => {
  last = last
    .then(() => run(data))
    .catch((error) => {
      python = null;
      self.postMessage({ number: data.number, kind: "failed", text: `Not run: ${error.message}` });
    });
});
