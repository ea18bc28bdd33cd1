// What tests/browser/sweep.py asks of a page. Most answers are lists that should be empty.
({
  named(element) {
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].map((name) => `.${name}`).join("");
    return `${element.localName}${id}${classes}`;
  },

  // The mode of the page: on a dark ground the text is light.
  mode() {
    const [red, green, blue] = getComputedStyle(document.body).color.match(/[\d.]+/g).map(Number);
    return red + green + blue > 384 ? "dark" : "light";
  },

  // Identifiers that two elements have.
  repeated() {
    const seen = new Set();
    const twice = new Set();
    for (const { id } of document.querySelectorAll("[id]")) (seen.has(id) ? twice : seen).add(id);
    return [...twice];
  },

  // The page scrolls sideways: the outermost elements that reach beyond its right edge.
  wide() {
    const root = document.documentElement;
    const width = root.clientWidth;
    if (root.scrollWidth <= width) return [];
    const beyond = (element) => element.getBoundingClientRect().right > width + 0.5;
    const found = [...document.body.querySelectorAll("*")].filter(
      (element) => beyond(element) && !beyond(element.parentElement),
    );
    return [`${root.scrollWidth} of ${width}`, ...found.slice(0, 5).map(this.named)];
  },

  // axe needs minutes for the thirty thousand parts of the formulas of a chapter, and has no rule
  // that could apply to them. So each formula becomes one letter at its right end, after a
  // look at what the rules are about: colours, and elements other than plain boxes and paths.
  odd_formulas() {
    const found = new Set();
    const plain = "span, svg, path, line, g";
    for (const formula of document.querySelectorAll(".katex-html")) {
      const { color } = getComputedStyle(formula);
      for (const part of formula.querySelectorAll("*")) {
        if (!part.matches(plain) || part.matches("[id], [tabindex], [role]")) {
          found.add(this.named(part));
        } else if (getComputedStyle(part).color !== color) {
          found.add(`${this.named(part)} has another colour`);
        }
      }
    }
    return [...found];
  },
  shorten_formulas() {
    const range = document.createRange();
    const sizes = [...document.querySelectorAll(".math-scroll .katex-html")].map((formula) => {
      range.selectNodeContents(formula);
      return [formula, range.getBoundingClientRect()];
    });
    for (const formula of document.querySelectorAll(".katex-html, math")) formula.textContent = "x";
    for (const [formula, { width, height }] of sizes) {
      const size = `width: ${width}px; height: ${height}px`;
      formula.style.cssText = `display: inline-block; text-align: right; ${size}`;
    }
  },

  // Contrast is a matter of style, and a page has few styles. So axe measures the first element
  // with text of its own for each of them: its colours, those behind it and beside it, its size.
  mark_styles() {
    for (const element of document.querySelectorAll("[data-style]")) delete element.dataset.style;
    const grounds = new Map([[null, ""]]);
    const ground = (element) => {
      if (!grounds.has(element)) {
        const style = getComputedStyle(element);
        const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.position];
        const drawn = own.join() === "rgba(0, 0, 0, 0),none,1,static" ? "" : own.join();
        grounds.set(element, `${ground(element.parentElement)}/${drawn}`);
      }
      return grounds.get(element);
    };
    const seen = new Set();
    const text = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
    for (const element of document.body.querySelectorAll("*")) {
      const shows = [...element.childNodes].some(text) || element.matches("a, input, select, textarea");
      if (!shows || !element.checkVisibility()) continue;
      const { color, fontSize, fontWeight, textDecorationLine, textShadow } = getComputedStyle(element);
      const style = [
        element.localName, element.className, color, fontSize, fontWeight, textDecorationLine,
        textShadow, getComputedStyle(element.parentElement).color, ground(element),
      ].join("|");
      if (!seen.has(style)) element.dataset.style = "";
      seen.add(style);
    }
  },
  async broken_rules(tags) {
    this.mark_styles();
    const rules = [
      { id: "color-contrast", selector: "[data-style]" },
      { id: "link-in-text-block", selector: "a[href][data-style]" },
    ];
    axe.configure({ rules });
    const options = { runOnly: tags, resultTypes: ["violations"], preload: false };
    const { violations } = await axe.run(document, options);
    return violations.map(({ id, nodes }) => {
      const [{ html, failureSummary }] = nodes;
      return `${id}: ${nodes.length} × ${html.slice(0, 120)} (${failureSummary})`;
    });
  },
})
