// The frame: which page is shown, what it looks at, and what every page says of the whole.

import { fill, h, say } from "./dom.js";
import { choose, language, load, read, t } from "./language.js";
import { alerts } from "./pages/alerts.js";
import { boards, pipeline } from "./pages/board.js";
import { limits } from "./pages/limits.js";
import { overview } from "./pages/overview.js";
import { users } from "./pages/users.js";
import { look, watch } from "./stream.js";
import { isDark, onColors, toggle } from "./theme.js";

const PAGES = { "": overview, users, limits, boards, alerts, pipeline };
const main = document.getElementById("main");
const banner = document.querySelector(".banner");
let definition;
let shown = null;
let trouble = null;
let newest = null;
const links = new Map();

/** The address of a page: `#/users/mes-api?seconds=900`. */
function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").map(decodeURIComponent), parameters: new URLSearchParams(query) };
}

function go(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== ""));
  location.hash = `#/${path}${query.size ? `?${query}` : ""}`;
}

function show(moved) {
  const { path, parameters } = place();
  const page = PAGES[path[0]] ?? overview;
  shown?.destroy();
  shown = page({ definition, path, parameters, go, refresh });
  document.title = `${shown.title} · reduse`;
  fill(main, shown.elements);
  for (const [name, link] of links) {
    if (name === path[0]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (newest) shown.state?.(newest);
  refresh();
  if (moved) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function refresh() {
  look(new Map([["state", state], ...shown.topics()].map(([topic, handler]) => [topic, (data) => receive(topic, data, handler)])));
}

function receive(topic, data, handler) {
  if (topic === "state") say_trouble(data.error ? { text: data.error } : null);
  handler(data);
}

function state(data) {
  if (!data.error) newest = data;
  badge(data);
  shown.state?.(data);
}

function badge(data) {
  const link = links.get("alerts");
  link.querySelector(".badge")?.remove();
  const firing = data.alerts?.firing ?? 0;
  if (!firing) return;
  const kind = data.alerts.shown.some((alert) => alert.state === "firing" && alert.severity === "critical") ? "critical" : "warning";
  link.append(h("span", { class: `badge ${kind}` }, String(firing), h("span", { class: "unseen" }, ` ${t("alerts.firing")}`)));
}

function say_trouble(found) {
  trouble = found;
  banner.hidden = !trouble;
  if (trouble) say(banner, trouble.text ? t("trouble.said", { text: trouble.text }) : t(trouble.key));
}

function frame() {
  say(document.querySelector(".company"), read(definition.company));
  say(document.querySelector(".skip"), t("skip"));
  const tabs = document.querySelector(".tabs");
  tabs.setAttribute("aria-label", t("pages"));
  for (const name of Object.keys(PAGES)) {
    const link = h("a", { href: `#/${name}` }, t(`page.${name || "overview"}`));
    links.set(name, link);
    tabs.append(link);
  }
  const theme = h("button", { type: "button", class: "plain", onclick: toggle });
  const paint = () => {
    say(theme, isDark() ? "☀" : "☾");
    theme.setAttribute("aria-label", t(isDark() ? "theme.light" : "theme.dark"));
    theme.title = t(isDark() ? "theme.light" : "theme.dark");
  };
  paint();
  onColors(paint);
  const languages = h("select", { "aria-label": t("language"), onchange: () => choose(languages.value) },
    definition.languages.map((tag) => h("option", { value: tag, selected: tag === language() }, tag.toUpperCase())));
  document.querySelector(".switches").append(languages, theme);
}

async function begin() {
  const answer = await fetch("/api/definition");
  if (answer.status === 401) {
    location.assign("/enter");
    return;
  }
  definition = await answer.json();
  await load(definition.languages);
  frame();
  watch((found) => (found === null ? trouble?.key && say_trouble(null) : say_trouble(found)));
  addEventListener("hashchange", () => show(true));
  show(false);
}

begin();
