// Cards: a reference to a result, an exercise or a function shows what it refers to, on hover, on
// focus and on a first tap. A second tap, a click and the enter key follow the link, as ever.
// Each card is a small script of its own, which a page from a disk may load as well.
const root = document.documentElement.dataset.content_root ?? "";
const cards = new Map();
const arrived = new Map();
window.bookCard = (id, html) => arrived.get(id)?.(html);

const load = (id) => {
  if (!cards.has(id)) {
    const card = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${root}_cards/${id}.js`;
      script.addEventListener("error", reject);
      arrived.set(id, resolve);
      document.head.append(script);
    });
    cards.set(id, card);
  }
  return cards.get(id);
};

const box = document.createElement("div");
box.id = "card";
box.className = "card-box";
box.setAttribute("role", "tooltip");
box.hidden = true;
document.body.append(box);

let wanted = null; // the link whose card is open, or is being loaded
let timer = 0;
let pointer = "mouse";

const close = () => {
  clearTimeout(timer);
  wanted?.removeAttribute("aria-describedby");
  wanted = null;
  box.hidden = true;
};

// Below the link or above it, where there is more room, and never under the bar at the top.
const place = (link) => {
  const gap = 6;
  const bar = document.querySelector(".bd-header-article")?.getBoundingClientRect();
  const top = Math.max(gap, bar?.bottom ?? 0);
  const { left, top: above, bottom: below } = link.getClientRects()[0];
  const width = document.documentElement.clientWidth;
  const roomBelow = window.innerHeight - below - 2 * gap;
  const roomAbove = above - top - gap;
  box.style.maxHeight = "none";
  const under = box.offsetHeight <= roomBelow || roomBelow >= roomAbove;
  box.style.maxHeight = `${Math.max(under ? roomBelow : roomAbove, 96)}px`;
  const x = Math.max(gap, Math.min(left, width - box.offsetWidth - gap));
  const y = under ? below + gap : above - gap - box.offsetHeight;
  box.style.left = `${x + window.scrollX}px`;
  box.style.top = `${y + window.scrollY}px`;
};

const show = async (link, tapped) => {
  if (wanted === link && !box.hidden) return;
  close();
  wanted = link;
  const html = await load(link.dataset.card).catch(() => null);
  if (wanted !== link) return;
  if (html === null) {
    close();
    if (tapped) window.location.assign(link.getAttribute("href"));
    return;
  }
  // The card says more than the browser's own tip, which would lie above it.
  link.removeAttribute("title");
  link.querySelector(":scope > title")?.remove();
  box.innerHTML = html;
  if (tapped) {
    const way = document.createElement("a");
    way.href = link.getAttribute("href");
    way.className = "card-way";
    way.textContent = "Go there";
    box.append(way);
  }
  box.hidden = false;
  box.scrollTop = 0;
  link.setAttribute("aria-describedby", box.id);
  place(link);
};

const linkOf = (event) => event.target.closest?.("[data-card]");
const later = (action, wait) => {
  clearTimeout(timer);
  timer = setTimeout(action, wait);
};

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const link = linkOf(event);
  if (link) later(() => show(link, false), 150);
  else if (box.contains(event.target)) clearTimeout(timer);
});
document.addEventListener("pointerout", (event) => {
  if (event.pointerType === "touch") return;
  const left = linkOf(event) || box.contains(event.target);
  if (left && document.activeElement !== wanted) later(close, 250);
});
document.addEventListener("focusin", (event) => {
  const link = linkOf(event);
  if (link?.matches(":focus-visible")) show(link, false);
});
document.addEventListener("focusout", (event) => {
  if (event.target === wanted && !box.contains(event.relatedTarget)) close();
});
document.addEventListener("pointerdown", (event) => {
  pointer = event.pointerType;
  if (!box.contains(event.target) && linkOf(event) !== wanted) close();
});
document.addEventListener("click", (event) => {
  const link = linkOf(event);
  if (!link) {
    if (event.target.closest?.(".card-way")) close();
    return;
  }
  if (pointer === "touch" && event.detail > 0 && (wanted !== link || box.hidden)) {
    event.preventDefault();
    show(link, true);
  } else {
    close();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !box.hidden) close();
});
window.addEventListener("resize", close);
