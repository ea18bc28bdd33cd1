// The line with the version becomes a menu if the site has more than this one.
// The list lies beside the pages; without it, and in files opened from a disk, the line stays.
{
  const line = document.querySelector(".versions");
  const list = new URL(line?.dataset.switcher ?? "", location);

  const menu = (entries) => {
    const here = new URL(".", list).href;
    const page = location.href.slice(here.length);
    const details = document.createElement("details");
    details.className = "versions";
    const summary = document.createElement("summary");
    summary.textContent = line.textContent;
    details.append(summary);
    for (const { name, url } of entries) {
      const link = document.createElement("a");
      const root = new URL(url, list);
      link.textContent = name;
      link.href = new URL(page, root);
      if (root.href === here) link.setAttribute("aria-current", "true");
      // A version need not have this page: then its first page is shown.
      link.addEventListener("click", async (event) => {
        event.preventDefault();
        const answer = await fetch(link.href, { method: "HEAD" }).catch(() => null);
        location.assign(answer?.ok ? link.href : root);
      });
      details.append(link);
    }
    line.replaceWith(details);
  };

  if (line && location.protocol.startsWith("http")) {
    fetch(list)
      .then((answer) => (answer.ok ? answer.json() : []))
      .then((entries) => entries.length > 1 && menu(entries))
      .catch(() => {});
  }
}
