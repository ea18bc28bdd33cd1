// Code cells that run in the page. Nothing is loaded before a button is used; then a worker gets
// Python and the package from this site. Each run begins anew, with what the page shows.
{
  const root = new URL(document.documentElement.dataset.content_root ?? "./", document.baseURI);
  const page = document.querySelector("[data-cell]").dataset.page;
  const runs = new Map(); // those that have not ended, by their cells
  let worker = null;
  let sources = null;

  class Run {
    constructor(bar) {
      this.number = Number(bar.dataset.cell);
      this.cell = bar.closest(".cell");
      this.code = bar.parentElement.querySelector("pre");
      this.start = bar.querySelector(".run-start");
      this.edit = bar.querySelector(".run-edit");
      this.status = bar.querySelector("[role=status]");
      this.area = null; // the text field, once the reader has asked for it
      this.start.addEventListener("click", () => (runs.has(this.number) ? stop() : this.run()));
      this.edit.addEventListener("click", () => this.change());
    }

    get changed() {
      return this.area !== null && this.area.value !== this.code.textContent.replace(/\n$/, "");
    }

    // Puts a text field into the place of the code, or the code of the book back into its own.
    change() {
      const box = this.code.closest(".highlight");
      if (this.area) {
        this.area.remove();
        this.area = null;
      } else {
        this.area = document.createElement("textarea");
        this.area.className = "run-code";
        this.area.value = this.code.textContent.replace(/\n$/, "");
        this.area.rows = this.area.value.split("\n").length + 1;
        this.area.spellcheck = false;
        this.area.autocapitalize = "off";
        this.area.setAttribute("aria-label", `Code of cell ${this.number + 1}`);
        box.after(this.area);
        this.area.focus();
      }
      box.hidden = this.area !== null;
      const act = this.area ? "As in the book" : "Edit";
      this.edit.textContent = act;
      this.edit.setAttribute("aria-label", `${act}, code cell ${this.number + 1}`);
    }

    async run() {
      if (window.location.protocol === "file:") {
        this.say("A page that was opened as a file cannot run Python. Serve its folder: python -m http.server");
        return;
      }
      runs.set(this.number, this);
      this.busy(true);
      this.printed = "";
      this.output().replaceChildren();
      this.say("Loading…");
      try {
        sources ??= await ask(`_run/${page}.json`);
      } catch (error) {
        sources = null;
        this.fail(`The cells could not be loaded: ${error.message}`);
        return;
      }
      if (!runs.has(this.number)) return; // stopped in the meantime
      worker ??= begin();
      const cells = [...sources];
      for (const { number, area } of all) if (area) cells[number] = area.value;
      worker.postMessage({ number: this.number, cells });
    }

    // The place below the cell's own output.
    output() {
      if (!this.box) {
        this.box = document.createElement("div");
        this.box.className = "run-output";
        this.box.setAttribute("role", "group");
        this.box.setAttribute("aria-label", `Output of code cell ${this.number + 1}, run in this page`);
        this.cell.append(this.box);
      }
      return this.box;
    }

    show(kind, text) {
      if (kind === "figure") {
        const image = document.createElement("img");
        const own = this.cell.querySelector(".cell_output img");
        image.alt = own && !this.changed ? `Drawn in this page: ${own.alt}` : "Drawn in this page";
        image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
        this.output().append(image);
        return;
      }
      if (kind === "text") this.printed += text;
      let last = this.output().lastElementChild;
      if (last?.className !== `run-${kind}`) {
        last = document.createElement("pre");
        last.className = `run-${kind}`;
        last.tabIndex = 0; // a long line scrolls
        this.output().append(last);
      }
      last.append(text);
    }

    say(text) {
      this.status.classList.remove("run-failed");
      this.status.textContent = text;
    }

    busy(now) {
      this.start.textContent = now ? "Stop" : "Run";
      this.start.setAttribute("aria-label", `${now ? "Stop" : "Run"}, code cell ${this.number + 1}`);
      this.cell.toggleAttribute("aria-busy", now);
    }

    end(text) {
      runs.delete(this.number);
      this.busy(false);
      this.say(text);
    }

    // An end that was not meant.
    fail(text) {
      this.end(text);
      this.status.classList.add("run-failed");
    }

    // What the cell printed, against what the book says.
    compared() {
      const texts = [...this.cell.querySelectorAll(".cell_output .output pre")];
      const book = texts.map((text) => text.textContent).join("").trim();
      if (this.changed || book === "") return "";
      return `, ${likeness(this.printed.trim(), book)}`;
    }
  }

  // The last digits of a sum depend on the processor and on the version of NumPy.
  const likeness = (here, book) => {
    if (here === book) return "as in the book";
    const number = /\d+(?:\.\d*)?(?:e[+-]?\d+)?/g;
    const blank = (text) => text.replace(number, "#").replace(/ +/g, " ");
    const there = book.match(number);
    const near = (value, k) => Math.abs(value - there[k]) <= 1e-9 * Math.abs(there[k]);
    const close = blank(here) === blank(book) && (here.match(number) ?? []).every(near);
    return close ? "as in the book but for the last digits" : "not as in the book";
  };

  const ask = async (path) => {
    const answer = await fetch(new URL(path, root));
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    return answer.json();
  };

  const begin = () => {
    const made = new Worker(new URL("_static/run-worker.js", root));
    made.addEventListener("message", ({ data: { number, kind, text, raised, seconds } }) => {
      const run = runs.get(number);
      if (kind === "status") run.say(text);
      else if (kind === "end" && raised) run.fail(`Ended by an error: ${raised}, shown below.`);
      else if (kind === "end") run.end(`Ran in ${seconds.toFixed(1)} s${run.compared()}.`);
      else if (kind === "failed") run.fail(text);
      else run.show(kind, text);
    });
    made.addEventListener("error", (event) => {
      event.preventDefault();
      stop((run) => run.fail("Python could not be started."));
    });
    return made;
  };

  // Python cannot be interrupted, so its worker ends, and the next run starts another one.
  const stop = (end = (run) => run.end("Stopped.")) => {
    worker?.terminate();
    worker = null;
    for (const run of [...runs.values()]) end(run);
  };

  const all = [...document.querySelectorAll(".run[data-cell]")].map((bar) => new Run(bar));
}
