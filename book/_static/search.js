// Finds results, exercises, symbols, functions and claims by name, symbol or identifier: in the
// search that opens on any page, and on the search page, above what Sphinx finds in the text.
{
  const root = document.documentElement.dataset.content_root ?? "";
  const greek = Object.fromEntries(
    ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho " +
      "sigmaf sigma tau upsilon phi chi psi omega")
      .split(" ")
      .map((name, place) => [String.fromCodePoint(0x3b1 + place), ` ${name} `]),
  );

  // Without case, accents, backslashes and braces; subscripts by `_`, Greek letters by name.
  const bare = (text) =>
    text
      .normalize("NFD")
      .replace(/[\u0300-\u036f\\{}$]/g, "")
      .toLowerCase()
      .replace(/[₀-₉]/g, (digit) => `_${digit.codePointAt(0) - 0x2080}`)
      .replace(/[α-ω]/g, (letter) => greek[letter] ?? letter)
      .trim();
  const parted = (text) => bare(text).split(/[\s,.;:()“”–—/|-]+/).filter(Boolean);

  let entries = null;
  const load = () => {
    entries ??= new Promise((resolve, reject) => {
      window.bookEntries = (rows) =>
        resolve(
          rows.map(([kind, id, title, address, number, names, words]) => ({
            kind, id, title, address, number,
            shown: names.split(" ").join(", "),
            key: bare(id),
            titles: [...parted(title), ...parted(id)],
            names: bare(names).split(" "),
            words: bare(words).split(" "),
          })),
        );
      const script = document.createElement("script");
      script.src = `${root}entries.js`;
      script.addEventListener("error", reject);
      document.head.append(script);
    });
    return entries;
  };

  // How well a word of the question fits: as a name, in the title, or anywhere; 0 if it does not.
  const weigh = (entry, word) => {
    if (entry.names.includes(word)) return 9;
    if (entry.titles.includes(word)) return 8;
    if (entry.titles.some((title) => title.startsWith(word))) return 5;
    if (entry.words.includes(word)) return 2;
    return word.length > 2 && entry.words.some((other) => other.startsWith(word)) ? 1 : 0;
  };
  const kinds = { definition: 3, symbol: 2, exercise: -2, claim: -3 };
  const find = (rows, question) => {
    const key = bare(question);
    const words = parted(question);
    if (!words.length) return [];
    const weighed = rows.map((entry) => {
      if (entry.key === key || entry.number === key) return { entry, weight: 1000 };
      const weights = words.map((word) => weigh(entry, word));
      if (weights.includes(0)) return { entry, weight: 0 };
      const sum = weights.reduce((a, b) => a + b, 0);
      const short = 2 / (1 + entry.titles.length);
      return { entry, weight: 10 + sum + (kinds[entry.kind] ?? 0) + short };
    });
    return weighed
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .map(({ entry }) => entry);
  };

  const line = ({ kind, id, title, address, number, shown }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const part = (css, text) => {
      const span = document.createElement("span");
      span.className = css;
      span.textContent = text;
      link.append(span, " ");
    };
    link.href = root + address;
    part(`found-kind found-${kind}`, kind);
    part("found-title", kind === "symbol" ? `${shown}: ${title}` : title);
    const place = [number && `(${number})`, id].filter(Boolean).join(" ");
    part("found-place", kind === "symbol" ? "in the notation" : place);
    item.append(link);
    return item;
  };

  for (const form of document.querySelectorAll(".book-search")) {
    const input = form.querySelector("input");
    const list = form.parentElement.querySelector(".found");
    const count = form.parentElement.querySelector(".found-count");
    const limit = form.closest("dialog") ? 8 : 40;
    const show = async () => {
      const rows = await load().catch(() => []);
      const found = find(rows, input.value);
      const shown = found.slice(0, limit);
      list.replaceChildren(...shown.map(line));
      const more = found.length > limit ? `, ${limit} of them shown` : "";
      const many = found.length === 1 ? "1 entry" : `${found.length || "No"} entries`;
      count.textContent = input.value.trim() ? `${many} by name, symbol or identifier${more}` : "";
    };
    input.addEventListener("input", show);
    if (form.closest("dialog")) continue;
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    input.focus();
    if (input.value) show();
  }

  const dialog = document.getElementById("search-dialog");
  const open = (event) => {
    event.preventDefault();
    const input = (dialog ?? document).querySelector(".book-search input");
    if (dialog && !dialog.open) dialog.showModal();
    input.focus();
    input.select();
  };
  for (const button of document.querySelectorAll(".search-open")) {
    button.addEventListener("click", open);
  }
  dialog?.addEventListener("click", (event) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    const outside = x < left || x > right || y < top || y > bottom;
    if ((event.target === dialog && outside) || event.target.closest(".found a")) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") open(event);
  });
}
