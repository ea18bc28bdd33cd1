// Each form of a citation gets a button that copies it. The forms can be read without.
{
  const copied = document.createElement("p");
  copied.className = "visually-hidden";
  copied.setAttribute("role", "status");
  document.body.append(copied);

  // Outside of a secure page there is no clipboard for scripts, only the command of old.
  const copy = async (pre) => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      return true;
    } catch {
      pre.parentElement.open = true;
      getSelection().selectAllChildren(pre);
      return document.execCommand("copy");
    }
  };

  for (const form of document.querySelectorAll(".cite-form")) {
    const name = form.querySelector("summary").textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${name}`);
    button.addEventListener("click", async () => {
      const done = await copy(form.querySelector("pre"));
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      copied.textContent = done ? `${name} copied` : `${name} selected: press Ctrl+C`;
      setTimeout(() => {
        button.textContent = "Copy";
        copied.textContent = "";
      }, 2000);
    });
    form.append(button);
  }

  for (const cite of document.querySelectorAll(".cite")) {
    cite.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !cite.open) return;
      cite.open = false;
      cite.querySelector("summary").focus();
    });
  }
}
