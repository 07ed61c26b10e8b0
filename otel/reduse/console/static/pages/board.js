// A dashboard, with what can be chosen above it.

import { list, ranges } from "../controls.js";
import { fill, h, prose } from "../dom.js";
import { read, t } from "../language.js";
import { Sections } from "../sections.js";
import { StateFigures } from "../state_figures.js";

// These have pages of their own.
const OWN = ["reduse-overview", "reduse-users", "reduse-pipeline"];

export function boards(context) {
  const there = context.definition.boards.filter((board) => !OWN.some((uid) => board.uid.startsWith(uid)));
  const board = there.find((each) => each.uid === context.path[1]) ?? there[0];
  const tabs = h("div", { class: "choices" }, list(t("board"), there.map((each) => [each.uid, read(each.title)]), board.uid, (uid) => context.go(`boards/${uid}`, {})));
  return page(board, `boards/${board.uid}`, context, tabs);
}

/** That of the pipeline, below the state of the whole. */
export function pipeline(context) {
  const figures = new StateFigures();
  const shown = page(context.definition.boards.find((board) => board.uid === "reduse-pipeline"), "pipeline", context, null);
  shown.elements.splice(1, 0, h("div", { class: "figures" }, figures.elements));
  return { ...shown, state: (data) => data.error || figures.show(data) };
}

function page(board, path, { definition, parameters, go, refresh }, tabs) {
  const seconds = Number(parameters.get("seconds")) || definition.ranges[0];
  const values = Object.fromEntries(board.variables.map((variable) => [variable.name, parameters.get(variable.name) ?? variable.default]));
  const sections = new Sections(board, { seconds, values, changed: refresh });
  const choices = h("div", { class: "choices" });
  const known = (name) => [[values[name], values[name]]];
  const choose = (name) => (value) => go(path, { ...values, [name]: value, seconds });
  const draw = (found) => fill(choices, board.variables.map((variable) => list(t(`variable.${board.uid}.${variable.name}`), (found[variable.name] ?? []).map((each) => [each, each]), values[variable.name], choose(variable.name))));
  draw(Object.fromEntries(board.variables.map((variable) => [variable.name, known(variable.name)[0].slice(0, 1)])));
  if (board.variables.length) {
    fetch(`/api/choices/${board.uid}?${new URLSearchParams(values)}`).then((answer) => (answer.ok ? answer.json() : null)).then((found) => found && draw(found)).catch(() => {});
  }
  return {
    title: read(board.title),
    elements: [
      h("div", { class: "head" }, h("div", {}, h("h1", {}, read(board.title)), h("p", { class: "quiet" }, prose(read(board.description)))),
        h("div", { class: "choices" }, tabs, choices, ranges(definition, seconds, (chosen) => go(path, { ...values, seconds: chosen })))),
      ...sections.elements,
    ],
    topics: () => sections.topics(),
    destroy: () => sections.destroy(),
  };
}
