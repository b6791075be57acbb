// Before the first paint: a theme that was chosen here before. Not a module, so that it runs at once.
try {
  const theme = localStorage.getItem("tripletlab.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage may be forbidden; then the system's theme holds
}
