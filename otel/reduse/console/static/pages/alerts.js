// The alerts that fire or are about to, each with what to do.

import { fill, h } from "../dom.js";
import { read, t } from "../language.js";
import { count, moment } from "../units.js";

const DETAILS = new Set(["runbook"]);

export function alerts({ definition }) {
  const boards = new Map(definition.boards.map((board) => [board.uid, board]));
  const holder = h("div", { class: "section", "aria-live": "polite" }, h("p", { class: "quiet" }, t("panel.waiting")));
  let shown = "";
  return {
    title: t("page.alerts"),
    elements: [h("div", { class: "head" }, h("div", {}, h("h1", {}, t("page.alerts")), h("p", { class: "quiet" }, t("alerts.about")))), holder],
    topics: () => [],
    state: (data) => {
      if (data.error) return;
      // What is the same is not drawn again: a link that has the focus keeps it.
      const text = JSON.stringify(data.alerts);
      if (text === shown) return;
      shown = text;
      draw(holder, data.alerts, boards);
    },
    destroy: () => {},
  };
}

function draw(holder, alerts, boards) {
  if (alerts.error) {
    fill(holder, h("p", {}, h("strong", {}, t("alerts.unknown")), " ", h("span", { class: "quiet" }, alerts.error)));
    return;
  }
  const heartbeat = h("p", { class: `state ${alerts.heartbeat ? "good" : "critical"}` }, alerts.heartbeat ? t("alerts.heartbeat", { count: count(alerts.rules) }) : t("alerts.no_heartbeat"));
  const left = alerts.firing + alerts.pending - alerts.shown.length;
  fill(holder, heartbeat,
    alerts.shown.length ? alerts.shown.map((alert) => card(alert, boards)) : h("div", { class: "card" }, h("p", { class: "empty" }, h("strong", {}, t("alerts.none")))),
    left > 0 ? h("p", { class: "quiet" }, t("alerts.more", { count: left })) : null);
}

function card(alert, boards) {
  const kind = alert.severity === "critical" ? "critical" : "warning";
  const board = boards.get(alert.board);
  const labels = Object.entries(alert.labels).filter(([name]) => !DETAILS.has(name));
  return h("article", { class: `card alert ${alert.state === "firing" ? kind : ""}` },
    h("header", {}, h("h2", {}, alert.summary || alert.name), h("span", { class: `state ${alert.state === "firing" ? kind : ""}` }, `${t(`alerts.${alert.state}`)}, ${t(`alerts.severity.${alert.severity}`)}`)),
    h("p", {}, alert.description),
    h("p", { class: "quiet small" }, `${alert.name} · ${t("alerts.since", { time: moment(Date.parse(alert.since) / 1000) })}`),
    h("div", { class: "labels small" }, labels.map(([name, text]) => h("code", {}, `${name}=${text}`))),
    h("p", { class: "links" },
      h("a", { href: `/runbooks/${encodeURIComponent(alert.name)}` }, t("alerts.runbook")),
      board ? h("a", { href: boardLink(board, alert.labels) }, t("alerts.board", { title: read(board.title) })) : null));
}

/** The dashboard about this alert, with what the alert is about chosen. */
function boardLink(board, labels) {
  const chosen = board.variables.filter((variable) => labels[variable.name]).map((variable) => [variable.name, labels[variable.name]]);
  const query = chosen.length ? `?${new URLSearchParams(chosen)}` : "";
  if (board.uid === "reduse-users") return labels.service ? `#/users/${encodeURIComponent(labels.service)}` : "#/users";
  if (board.uid.startsWith("reduse-overview")) return "#/";
  return board.uid === "reduse-pipeline" ? "#/pipeline" : `#/boards/${board.uid}${query}`;
}
