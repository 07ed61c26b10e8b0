// The rows of the company's table, in its order, each with its graph and its state.

import { h, say } from "../dom.js";
import { ranges } from "../controls.js";
import { read, t } from "../language.js";
import { Sections } from "../sections.js";
import { aged, StateFigures } from "../state_figures.js";

export function overview({ definition, parameters, go, refresh }) {
  const rows = new Map(definition.rows.map((row) => [row.row, row]));
  const states = new Map();
  const seconds = Number(parameters.get("seconds")) || definition.ranges[0];
  const figures = new StateFigures();
  const head = (panel) => {
    const row = rows.get(panel.row);
    if (!row) return h("h3", {}, read(panel.title));
    const state = h("span", { class: "state" }, t("state.waiting"));
    const reason = h("p", { class: "mistake", hidden: true });
    states.set(row.row, { state, reason });
    return h("div", {}, h("h3", {}, `${row.number}. `, h("span", { class: "of" }, read(row.service)), ` ${read(row.title)}`), h("p", { class: "about", title: read(row.motivation) }, state), reason);
  };
  const boards = definition.boards.filter((board) => board.uid.startsWith("reduse-overview"));
  const parts = boards.map((board) => new Sections(board, {
    seconds,
    head,
    only: board.sections.map((section, index) => [section, index]).filter(([section]) => section.panels.some((panel) => panel.row)).map(([, index]) => index),
    changed: refresh,
  }));
  const counted = definition.services.find((service) => service.users);
  return {
    title: t("page.overview"),
    elements: [
      h("div", { class: "head" },
        h("div", {}, h("h1", {}, read(definition.company)), h("p", { class: "quiet" }, t("overview.about"))),
        ranges(definition, seconds, (chosen) => go("", { seconds: chosen }))),
      h("div", { class: "figures" }, figures.elements),
      counted ? h("div", { class: "lead" },
        h("div", {}, h("h2", {}, t("overview.lead")), h("p", {}, t("overview.lead_about", { service: read(counted.title) }))),
        h("a", { class: "action", href: `#/limits/${encodeURIComponent(counted.job)}` }, t("overview.lead_action"))) : null,
      ...parts.flatMap((part) => part.elements),
    ],
    topics: () => parts.flatMap((part) => part.topics()),
    state: (data) => {
      if (data.error) return;
      for (const row of data.rows) showRow(states.get(row.row), row);
      figures.show(data);
    },
    destroy: () => parts.forEach((part) => part.destroy()),
  };
}

function showRow(shown, row) {
  if (!shown) return;
  shown.state.className = `state ${row.passed ? "good" : "critical"}`;
  say(shown.state, row.passed ? t("state.live", { age: aged(row.age) }) : row.age === null ? t("state.missing") : t("state.stale", { age: aged(row.age) }));
  shown.reason.hidden = row.passed;
  say(shown.reason, row.reason);
}
