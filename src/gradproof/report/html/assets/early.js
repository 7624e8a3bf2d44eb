// Runs before anything is drawn: scripts are there, and the colours that the reader wants.
(() => {
  const root = document.documentElement;
  root.classList.remove("plain");
  root.classList.add("scripted");
  let wanted = null;
  try { wanted = localStorage.getItem("gradproof-theme"); } catch { /* a file may have no store */ }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choose = () => root.classList.toggle("dark", wanted ? wanted === "dark" : dark.matches);
  dark.addEventListener("change", () => { if (!wanted) { choose(); dispatchEvent(new Event("theme")); } });
  window.gradproofTheme = () => {
    wanted = root.classList.contains("dark") ? "light" : "dark";
    try { localStorage.setItem("gradproof-theme", wanted); } catch { /* then only for now */ }
    choose();
    dispatchEvent(new Event("theme"));
  };
  choose();
})();
