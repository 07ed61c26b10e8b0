// The rows of the company's table, in its order, each with its graph and its state.

import { h, say } from "../dom.js";
import { ranges } from "../controls.js";
import { read, t } from "../language.js";
import { Sections } from "../sections.js";
import { Figure } from "../figure.js";
import { count, duration } from "../units.js";

export function overview({ definition, parameters, go, refresh }) {
  const rows = new Map(definition.rows.map((row) => [row.row, row]));
  const states = new Map();
  const seconds = Number(parameters.get("seconds")) || definition.ranges[0];
  const figures = {
    rows: new Figure(t("overview.rows")),
    alerts: new Figure(t("overview.alerts")),
    age: new Figure(t("overview.age")),
    store: new Figure(t("overview.store")),
  };
  const head = (panel) => {
    const row = rows.get(panel.row);
    if (!row) return h("h3", {}, panel.title);
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
      h("div", { class: "figures" }, Object.values(figures).map((figure) => figure.element)),
      counted ? h("div", { class: "lead" },
        h("div", {}, h("h2", {}, t("overview.lead")), h("p", {}, t("overview.lead_about", { service: read(counted.title) }))),
        h("a", { class: "action", href: `#/limits/${encodeURIComponent(counted.job)}` }, t("overview.lead_action"))) : null,
      ...parts.flatMap((part) => part.elements),
    ],
    topics: () => parts.flatMap((part) => part.topics()),
    state: (data) => {
      if (data.error) return;
      for (const row of data.rows) showRow(states.get(row.row), row);
      const live = data.rows.filter((row) => row.passed).length;
      const ages = data.rows.map((row) => row.age).filter((age) => age !== null);
      figures.rows.show(`${count(live)} / ${count(data.rows.length)}`, live === data.rows.length ? t("overview.rows_all") : t("overview.rows_missing", { count: data.rows.length - live }), live === data.rows.length ? "" : "critical");
      showAlerts(figures.alerts, data.alerts);
      figures.age.show(ages.length ? duration(Math.max(...ages)) : "–", t("overview.age_about"));
      figures.store.show(data.silence === null ? t("overview.store_yes") : t("overview.store_no"), data.silence === null ? t("overview.store_yes_about") : t("overview.store_no_about", { time: duration(data.silence) }), data.silence === null ? "" : "critical");
    },
    destroy: () => parts.forEach((part) => part.destroy()),
  };
}

function showRow(shown, row) {
  if (!shown) return;
  shown.state.className = `state ${row.passed ? "good" : "critical"}`;
  say(shown.state, row.passed ? t("state.live", { age: duration(row.age) }) : row.age === null ? t("state.missing") : t("state.stale", { age: duration(row.age) }));
  shown.reason.hidden = row.passed;
  say(shown.reason, row.reason);
}

function showAlerts(figure, alerts) {
  if (alerts.error) {
    figure.show("–", t("alerts.unknown"));
    return;
  }
  const critical = alerts.shown.some((alert) => alert.state === "firing" && alert.severity === "critical");
  figure.show(count(alerts.firing), alerts.pending ? t("overview.alerts_pending", { count: alerts.pending }) : t("overview.alerts_none_pending"), critical ? "critical" : alerts.firing ? "warning" : "");
}
