// What is chosen from: one of a few side by side, or one of many in a list.

import { fill, h } from "./dom.js";
import { t } from "./language.js";

/** `options`: `[value, text]`; `choose(value)` is called with another. */
export function segments(label, options, value, choose) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  const buttons = options.map(([each, text]) => h("button", {
    type: "button",
    "aria-pressed": String(each === value),
    onclick: () => {
      buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === each)));
      choose(each);
    },
  }, text));
  return fill(group, buttons);
}

export function list(label, options, value, choose) {
  const select = h("select", { onchange: () => choose(select.value) }, options.map(([each, text]) => h("option", { value: each, selected: each === value }, text)));
  return h("label", {}, label, select);
}

export const ranges = (definition, value, choose) =>
  segments(t("range.label"), definition.ranges.map((seconds) => [seconds, t(`range.${seconds}`)]), value, choose);
