// The words of the page, in the language that is chosen, else the browser's, else English.

const KEY = "reduse.language";
let words = {};
let current = "en";

export const language = () => current;

export async function load(languages) {
  let chosen = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // The browser's then.
  }
  const wanted = [chosen, ...navigator.languages.map((tag) => tag.slice(0, 2)), "en"];
  current = wanted.find((tag) => languages.includes(tag)) ?? "en";
  words = await (await fetch(`/static/words/${current}.json`)).json();
  document.documentElement.lang = current;
}

export function choose(tag) {
  try {
    localStorage.setItem(KEY, tag);
  } catch {
    // It cannot be remembered, so it cannot be chosen.
  }
  location.reload();
}

/** The words of a key, with `{name}` replaced. One with forms for numbers is chosen by `count`. */
export function t(key, given = {}) {
  let text = words[key] ?? key;
  if (typeof text === "object") {
    text = text[new Intl.PluralRules(current).select(given.count)] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => given[name] ?? whole);
}

/** The text in the page's language, of one that comes in several. */
export const read = (text) => (typeof text === "string" ? text : text[current] ?? text.en ?? Object.values(text)[0]);
