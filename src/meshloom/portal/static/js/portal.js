// What a page can do without: copying, forms that send themselves, one key to search.
(() => {
  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const copy = target?.closest("[data-copy]");
    if (copy) {
      const said = copy.querySelector("span");
      try {
        await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
        said.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(document.getElementById(copy.dataset.copy));
        said.textContent = "Press Ctrl C";
      }
      setTimeout(() => { said.textContent = "Copy"; }, 2000);
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-submit-on-change]");
    if (form) form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.querySelector("[data-shortcut='/']").focus();
    }
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  const narrow = matchMedia("(max-width: 56rem)");
  const fold = () => { for (const one of document.querySelectorAll("[data-narrow-closed]")) one.open = !narrow.matches; };
  fold();
  narrow.addEventListener("change", fold);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "results") fold(); });
})();
