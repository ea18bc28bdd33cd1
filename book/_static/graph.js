// The lines of the result that the reader points at, or that has the keyboard's focus, stand out.
const mark = (event) => {
  const link = event.target.closest?.(".graph a[data-card]");
  if (!link) return;
  const near = event.type === "pointerover" || event.type === "focusin";
  const lines = link
    .closest("svg")
    .querySelectorAll(`.graph-line[data-needs~="${link.dataset.card}"]`);
  for (const line of lines) line.classList.toggle("graph-near", near);
};
for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) {
  document.addEventListener(type, mark);
}
