// Who sends how much, how many requests they keep busy, and which limits would touch them.

import { list, ranges } from "../controls.js";
import { fill, h, prose } from "../dom.js";
import { read, t } from "../language.js";
import { Sections } from "../sections.js";
import { amount, count, duration, percent } from "../units.js";

const CLASSES = ["other", "anonymous"];

export function users({ definition, path, parameters, go, refresh }) {
  const service = path[1] ?? counted(definition)[0]?.job ?? definition.services[0]?.job;
  const seconds = Number(parameters.get("seconds")) || definition.ranges[0];
  const board = definition.boards.find((each) => each.uid === "reduse-users");
  const sections = new Sections(board, { seconds, values: { service }, changed: refresh });
  const body = h("tbody");
  const note = h("p", { class: "quiet small" });
  const policies = h("section", { class: "section", hidden: true });
  const columns = ["user", "rate", "share", "peak", "concurrency", "limit"];
  const table = h("div", { class: "table", tabindex: "0", role: "region", "aria-label": t("users.table") },
    h("table", {}, h("caption", { class: "unseen" }, t("users.table")), h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: name === "user" ? "" : "number" }, t(`users.${name}`))))), body));
  fill(body, h("tr", {}, h("td", { colspan: "6", class: "quiet" }, t("panel.waiting"))));
  return {
    title: t("page.users"),
    elements: [
      h("div", { class: "head" },
        h("div", {}, h("h1", {}, t("page.users")), h("p", { class: "quiet" }, prose(t("users.about")))),
        h("div", { class: "choices" },
          list(t("service"), services(definition, service), service, (chosen) => go(`users/${encodeURIComponent(chosen)}`, { seconds })),
          ranges(definition, seconds, (chosen) => go(`users/${encodeURIComponent(service)}`, { seconds: chosen })))),
      h("section", { class: "section" },
        h("div", { class: "head" }, h("h2", {}, t("users.table")), h("a", { class: "action", href: `#/limits/${encodeURIComponent(service)}` }, t("users.try"))),
        table, note),
      policies,
      ...sections.elements,
    ],
    topics: () => [[`users?${new URLSearchParams({ service })}`, (data) => {
      showUsers(body, note, data, service);
      showPolicies(policies, data);
    }], ...sections.topics()],
    destroy: () => sections.destroy(),
  };
}

const counted = (definition) => definition.services.filter((service) => service.users);

/** Those whose users are counted first; the others may begin to. */
export function services(definition, service) {
  const known = [...counted(definition), ...definition.services.filter((each) => !each.users)].map((each) => [each.job, read(each.title)]);
  return known.some(([job]) => job === service) ? known : [[service, service], ...known];
}

function showUsers(body, note, data, service) {
  if (data.error) return;
  note.textContent = t("users.window", { window: duration(data.window) });
  if (!data.users.length) {
    fill(body, h("tr", {}, h("td", { colspan: "6" }, h("strong", {}, t("users.none")), " ", h("span", { class: "quiet" }, t("users.none_why", { service })))));
    return;
  }
  fill(body, data.users.map((user) => {
    const own = !CLASSES.includes(user.user);
    const track = h("i");
    track.style.width = `${Math.min(100, 100 * user.share)}%`;
    return h("tr", {},
      h("th", { scope: "row" }, own ? h("span", { class: "user" }, user.user) : t(`users.class.${user.user}`)),
      h("td", { class: "number" }, amount(user.rate, "reqps")),
      h("td", { class: "number" }, percent(user.share), h("span", { class: "track", "aria-hidden": "true" }, track)),
      h("td", { class: "number" }, count(user.peak)),
      h("td", { class: "number" }, count(user.concurrency, 3)),
      h("td", { class: "number" }, user.limit === null ? h("span", { class: "quiet" }, own ? t("users.untouched") : "") : h("a", { href: `#/limits/${encodeURIComponent(service)}?limit=${user.limit}&period=second` }, amount(user.limit, "reqps"))));
  }));
}

function showPolicies(section, data) {
  if (data.error) return;
  section.hidden = !data.policies.length;
  const columns = ["policy", "rate", "users", "throttled", "rejected"];
  fill(section, h("h2", {}, t("policies.title")),
    h("div", { class: "table", tabindex: "0", role: "region", "aria-label": t("policies.title") }, h("table", {},
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: name === "policy" ? "" : "number" }, t(`policies.${name}`))))),
      h("tbody", {}, data.policies.map((load) => h("tr", {},
        h("th", { scope: "row" }, load.policy || t("policies.none")),
        h("td", { class: "number" }, amount(load.rate, "reqps")),
        h("td", { class: "number" }, load.users === null ? "–" : count(load.users)),
        h("td", { class: "number" }, amount(load.throttled, "reqps")),
        h("td", { class: "number" }, Object.entries(load.rejected).map(([limit, share]) => `${limit}: ${percent(share)}`).join(", "))))))));
}
