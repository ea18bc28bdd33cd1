// What every page does: colours, sidebars, the place in the contents, boxes that scroll.
// The page can be read without any of it.
{
  const root = document.documentElement;

  // --- Colours: as the system has them, light, or dark. The head of the page sets them first.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const modes = { auto: "as the system has them", light: "light", dark: "dark" };
  const icons = { auto: "fa-circle-half-stroke", light: "fa-sun", dark: "fa-moon" };
  const button = document.querySelector(".theme-switch");
  const paint = (mode) => {
    const dark = mode === "dark" || (mode === "auto" && system.matches);
    Object.assign(root.dataset, { mode, theme: dark ? "dark" : "light" });
    if (!button) return;
    button.querySelector("i").className = `fa-solid ${icons[mode]}`;
    button.title = `Colours: ${modes[mode]}`;
    button.setAttribute("aria-label", button.title);
  };
  const chosen = localStorage.getItem("mode");
  paint(chosen in modes ? chosen : "auto");
  system.addEventListener("change", () => paint(root.dataset.mode));
  button?.addEventListener("click", () => {
    const names = Object.keys(modes);
    const next = names[(names.indexOf(root.dataset.mode) + 1) % names.length];
    localStorage.setItem("mode", next);
    paint(next);
    button.querySelector("[role=status]").textContent = modes[next];
  });

  // --- Sidebars: on a narrow screen each opens as a dialog. On a wide one the first can be shut.
  const closeOutside = (event) => {
    const { left, right, top, bottom } = event.currentTarget.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (event.target !== event.currentTarget) return;
    if (x < left || x > right || y < top || y > bottom) event.currentTarget.close();
  };
  const move = (from, to) => {
    to.append(...from.childNodes);
    to.classList.add(...from.classList);
    from.removeAttribute("class");
  };
  for (const [name, wide] of [
    ["primary", "(min-width: 992px)"],
    ["secondary", "(min-width: 1200px)"],
  ]) {
    const toggle = document.querySelector(`.${name}-toggle`);
    const sidebar = document.getElementById(`pst-${name}-sidebar`);
    const dialog = document.getElementById(`pst-${name}-sidebar-modal`);
    if (!toggle || !sidebar || !dialog) continue;
    dialog.setAttribute("aria-label", toggle.title);
    toggle.addEventListener("click", () => {
      if (matchMedia(wide).matches) {
        sidebar.classList.toggle("pst-sidebar-hidden");
      } else {
        move(sidebar, dialog);
        dialog.showModal();
      }
    });
    dialog.addEventListener("click", (event) => {
      closeOutside(event);
      if (event.target.closest("a")) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dialog.close(); // Sphinx keeps the key for itself
    });
    dialog.addEventListener("close", () => {
      move(dialog, sidebar);
      toggle.focus();
    });
  }

  // The contents of the book keep their place from page to page.
  const contents = document.getElementById("pst-primary-sidebar");
  if (contents) {
    const kept = Number(sessionStorage.getItem("contents-top"));
    if (kept) contents.scrollTop = kept;
    else {
      // Not by scrollIntoView: the Tab key would go on from there, and never meet the skip link.
      const here = contents.querySelector(".current.active > a")?.getBoundingClientRect();
      const beyond = here ? here.bottom - contents.getBoundingClientRect().bottom : 0;
      if (beyond > 0) contents.scrollTop = beyond;
    }
    addEventListener("pagehide", () => {
      sessionStorage.setItem("contents-top", String(contents.scrollTop));
    });
  }

  // --- Where the reader is: the last heading in the upper third of the window.
  const links = new Map();
  for (const link of document.querySelectorAll("#pst-page-toc-nav a")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading.querySelector("h1, h2, h3, h4") ?? heading, link);
  }
  const near = new IntersectionObserver(
    (entries) => {
      const here = entries.filter((entry) => entry.isIntersecting).pop();
      if (!here) return;
      for (const [heading, link] of links) {
        const current = heading === here.target;
        link.classList.toggle("active", current);
        if (current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const heading of links.keys()) near.observe(heading);

  // --- A box that scrolls must take the keyboard's focus; a box that does not scroll should not.
  // All begin with it, and this corrects it for the width that the reader has. What the window
  // does not show yet has no width, and is corrected when it comes near.
  const boxes = document.querySelectorAll(
    ".math-scroll, .table-scroll, .graph-scroll, .pst-scrollable-table-container, " +
      ".bd-article pre, .cell_output > .output",
  );
  const correct = (entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else if (target.clientWidth) target.removeAttribute("tabindex");
    }
  };
  const observer = new ResizeObserver(correct);
  for (const box of boxes) {
    box.tabIndex = 0;
    observer.observe(box);
  }

  // --- Print has all figures, and all type of formulas. A browser does not wait for what it has
  // not fetched, so on a wide window, from which people print, it is fetched when there is nothing
  // else to do.
  const fetchForPrint = () => {
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
    if (!document.querySelector(".katex")) return;
    for (const face of document.fonts) if (face.family.includes("KaTeX")) face.load();
  };
  addEventListener("beforeprint", fetchForPrint);
  addEventListener("load", () => {
    if (matchMedia("(min-width: 992px)").matches) setTimeout(fetchForPrint, 2000);
  });

  // --- Paper is light.
  const page = document.documentElement;
  let shown;
  addEventListener("beforeprint", () => {
    shown = page.dataset.theme;
    page.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    page.dataset.theme = shown;
  });

  // --- A formula that is copied, whole or in a sentence, is copied as its LaTeX.
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0);
    for (const [edge, move] of [
      ["startContainer", "setStartBefore"],
      ["endContainer", "setEndAfter"],
    ]) {
      const node = range[edge];
      const formula = (node.closest ? node : node.parentElement)?.closest(".math");
      if (formula) range[move](formula);
    }
    const part = range.cloneContents();
    const formulas = part.querySelectorAll(".katex");
    if (!formulas.length) return;
    for (const formula of formulas) {
      const latex = formula.querySelector("annotation")?.textContent;
      const mark = formula.closest(".katex-display") ? "$$" : "$";
      // What has no LaTeX of its own is the end of a formula, kept together with a comma.
      formula.replaceWith(latex ? mark + latex + mark : "");
    }
    event.clipboardData.setData("text/plain", part.textContent);
    event.preventDefault();
  });
}
