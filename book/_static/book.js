// A box that scrolls must take the keyboard's focus; a box that does not scroll should not.
// The pages say so of every formula. This corrects it for the width that the reader has.
const boxes = document.querySelectorAll(".math-scroll, .table-scroll, .graph-scroll");
const correct = (entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
};
const observer = new ResizeObserver(correct);
for (const box of boxes) observer.observe(box);
