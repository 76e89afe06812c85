// Runs before the page is drawn, so that a chosen theme does not flash the other one. [data-theme-switch] changes it.
(() => {
  const root = document.documentElement;
  const chosen = localStorage.getItem("meshloom-theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    localStorage.setItem("meshloom-theme", root.dataset.theme);
  });
})();
