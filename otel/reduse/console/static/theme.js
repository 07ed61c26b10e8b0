// Light or dark: the system's choice until whoever looks makes another, which this browser remembers.

const KEY = "reduse.theme";
const listeners = new Set();

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

const system = matchMedia("(prefers-color-scheme: dark)");
apply(stored());
system.addEventListener("change", () => listeners.forEach((listener) => listener()));

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

export function toggle() {
  const theme = isDark() ? "light" : "dark";
  apply(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this page alone.
  }
  listeners.forEach((listener) => listener());
}

/** Called after each change of colours; gives what ends it. */
export function onColors(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The value of a custom property as a colour that a canvas takes. */
export function color(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
