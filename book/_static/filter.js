// Filters for a long table. The table works without them: this adds one box of choices for each
// column of few different words or symbols, and a field for the text. `?verdict=wrong` in the
// address sets a filter, and so does `?text=eq-kl-def`.
const chosen = new URLSearchParams(location.search);

const control = (name, input, change) => {
  const label = document.createElement("label");
  label.textContent = name;
  input.addEventListener("input", change);
  label.append(input);
  return label;
};

const choices = (words) => {
  const select = document.createElement("select");
  select.add(new Option("all", ""));
  for (const word of words) select.add(new Option(word, word));
  return select;
};

// Letters without case, accents and the backslash of macros: `\KL` is found, and so is Rényi.
const bare = (text) => text.normalize("NFD").replace(/[\u0300-\u036f\\]/g, "").toLowerCase();

const words = (cell) => cell.textContent.split(",").map((word) => word.trim());

for (const box of document.querySelectorAll(".filtered")) {
  const table = box.querySelector("table");
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const filters = [];
  const form = document.createElement("div");
  const count = document.createElement("p");
  form.className = "filters";
  count.setAttribute("role", "status");

  const searched = new Map(
    rows.map((row) => {
      const links = [...row.querySelectorAll("a")].map((a) => `${a.hash} ${a.title}`);
      return [row, bare(`${row.textContent} ${links.join(" ")}`)];
    }),
  );
  const show = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !filters.every((passes) => passes(row));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };

  for (const [index, head] of heads.entries()) {
    const name = head.textContent.trim();
    const found = [...new Set(rows.flatMap((row) => words(row.cells[index])))].filter(Boolean);
    if (found.length > 1 && found.length <= 30) {
      const select = choices(found);
      select.value = chosen.get(name.toLowerCase()) ?? "";
      if (select.selectedIndex < 0) select.value = "";
      filters.push((row) => !select.value || words(row.cells[index]).includes(select.value));
      form.append(control(name, select, show));
    }
  }
  const text = document.createElement("input");
  text.type = "search";
  text.value = chosen.get("text") ?? "";
  filters.push((row) =>
    bare(text.value)
      .split(/\s+/)
      .every((word) => searched.get(row).includes(word)),
  );
  form.append(control("Text or identifier", text, show));
  box.prepend(form, count);
  show();
}
