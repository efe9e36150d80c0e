// A button to copy each request. Without it, or where a page may not copy, they are selected by hand.
if (navigator.clipboard) {
  for (const shown of document.querySelectorAll("pre.copy")) {
    const around = document.createElement("div");
    const button = document.createElement("button");
    around.className = "copied";
    button.className = "btn small";
    button.type = "button";
    button.textContent = "Copy";
    shown.replaceWith(around);
    around.append(shown, button);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(shown.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}
