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

  // Without case, accents, apostrophes, backslashes, braces and fonts of LaTeX; Greek letters
  // by name. A short subscript is written in the line, so that W_1, W₁ and W1 are one.
  const bare = (text) =>
    text
      .replace(/\\(math[a-z]+|text[a-z]*|operatorname\*?)(?= *\{)/g, "")
      .replace(/[₀-₉]/g, (digit) => `_${digit.codePointAt(0) - 0x2080}`)
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[\u0300-\u036f\\{}$]|['’‘`](s(?!\p{L}))?/gu, "")
      .replace(/[α-ω]/g, (letter) => greek[letter] ?? letter)
      .replace(/(?<!\p{L})var(?=epsilon|phi|pi|rho|sigma|theta)/gu, "")
      .replace(/(?<![\p{L}\d_])(\p{L}{1,3})_([\p{L}\d]{1,2})(?![\p{L}\d_])/gu, "$1$2")
      .trim();
  const parted = (text) => bare(text).split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  // With what is joined by hyphens both as one word and as several.
  const words = (text) => [...new Set([...bare(text).split(" "), ...parted(text)])].filter(Boolean);

  let entries = null;
  const load = () => {
    entries ??= new Promise((resolve, reject) => {
      window.bookEntries = (rows) =>
        resolve(
          rows.map(([kind, id, title, address, number, names, other]) => ({
            kind, id, title, address, number,
            key: bare(id),
            start: bare(title),
            titles: [...parted(title), ...parted(id)],
            joined: parted(title).join(""),
            names: words(names),
            words: words(other),
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
    if (word.length > 5 && entry.joined.includes(word)) return 4;
    if (entry.words.includes(word)) return 2;
    return word.length > 2 && entry.words.some((other) => other.startsWith(word)) ? 1 : 0;
  };
  const either = (entry, word) =>
    weigh(entry, word) || (word.length > 4 && word.endsWith("s") ? weigh(entry, word.slice(0, -1)) : 0);
  // A number as the book shows or says it: 3.1, (3.1), Exercise 3.1, eq. (3.1).
  const numbered = (question) => {
    const found = /^([a-z]*)\.? *\(?(\d+\.\d+)\)?$/.exec(bare(question));
    return found && { kind: found[1], number: found[2] };
  };
  const kinds = { definition: 3, symbol: 2, exercise: -2, claim: -3 };
  const find = (rows, question) => {
    const place = numbered(question);
    const at = place ? rows.filter((entry) => entry.number === place.number) : [];
    if (at.length) {
      const exercise = place.kind.startsWith("ex");
      const first = (entry) => Number((entry.kind === "exercise") === exercise);
      return at.sort((a, b) => first(b) - first(a));
    }
    const key = bare(question);
    const asked = parted(question);
    if (!asked.length) return [];
    const weighed = rows.map((entry) => {
      if (entry.key === key) return { entry, weight: 1000 };
      const weights = asked.map((word) => either(entry, word));
      if (weights.includes(0)) return { entry, weight: 0 };
      const sum = weights.reduce((a, b) => a + b, 0);
      const short = 2 / (1 + entry.titles.length);
      const begins = entry.start.startsWith(key) ? 0.5 : 0;
      return { entry, weight: 10 + sum + (kinds[entry.kind] ?? 0) + short + begins };
    });
    return weighed
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .map(({ entry }) => entry);
  };

  const line = ({ kind, id, title, address, number }) => {
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
    part("found-title", title);
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
