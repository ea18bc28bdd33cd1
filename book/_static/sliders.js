// Figures with sliders. The page has every attribute and every number for each place of the
// sliders; this sets them, and computes nothing but the place in those lists.
for (const box of document.querySelectorAll(".slider")) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const inputs = [...box.querySelectorAll("input")];
  const marks = box.querySelectorAll("[data-mark]"); // in the order of the data
  const shown = box.querySelectorAll("[data-value]");
  const numbers = box.querySelectorAll("dd");
  const status = box.querySelector("[role=status]");
  const place = (by) =>
    by.reduce((at, k) => at * data.parameters[k].values.length + Number(inputs[k].value), 0);
  const said = () =>
    data.quantities.map(({ symbol, by, values }) => `${symbol} = ${values[place(by)]}`).join(", ");

  const draw = () => {
    data.marks.forEach((attributes, k) => {
      for (const [name, { by, values }] of Object.entries(attributes)) {
        marks[k].setAttribute(name, values[place(by)]);
      }
    });
    data.quantities.forEach(({ by, values }, k) => {
      numbers[k].textContent = values[place(by)];
    });
    inputs.forEach((input, k) => {
      const now = data.parameters[k].values[Number(input.value)];
      shown[k].textContent = now;
      input.setAttribute("aria-valuetext", `${now}; ${said()}`);
    });
  };

  // A screen reader says the new text of a slider that is moved with keys. After a pointer
  // it is told the numbers once, when the slider is let go.
  let keys = false;
  for (const input of inputs) {
    input.addEventListener("keydown", () => (keys = true));
    input.addEventListener("pointerdown", () => (keys = false));
    input.addEventListener("input", draw);
    input.addEventListener("change", () => {
      if (!keys) status.textContent = said();
    });
  }
  draw(); // a browser may have kept the places of an earlier visit
}
