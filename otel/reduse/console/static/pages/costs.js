// What a request under a policy takes from the limit: a field for each policy. Without a number it is one request.

import { fill, h } from "../dom.js";
import { t } from "../language.js";
import { plain } from "../units.js";

export class Costs {
  /** `written`: as the address has them, `price=5,jobs=2`; `changed()` is called when they are others. */
  constructor(written, changed) {
    this.costs = new Map(written.split(",").map((each) => each.split("=")).map(([policy, cost]) => [policy, Number(cost)]).filter(([, cost]) => cost > 0));
    this.changed = changed;
    this.rows = h("div", { class: "costs" });
    this.element = h("div", { class: "field", hidden: true, role: "group", "aria-label": t("limits.costs") }, h("span", {}, t("limits.costs")), this.rows, h("span", {}, t("limits.costs_about")));
    // What the address has can be taken back, also where it has no answer.
    this.show([]);
  }

  /** As the address and the question have them; empty when every request costs one. */
  get written() {
    return [...this.costs].map(([policy, cost]) => `${policy}=${plain(cost)}`).join();
  }

  /** Fields for these policies, and for those that have a cost already; those that are shown stay. */
  show(policies) {
    const names = [...new Set([...policies, ...this.costs.keys()])];
    this.element.hidden = !names.length;
    if (names.join() === this.shown) return;
    this.shown = names.join();
    fill(this.rows, names.map((name) => this.row(name)));
  }

  row(name) {
    const id = `cost-${name}`;
    const value = this.costs.has(name) ? plain(this.costs.get(name)) : "";
    const field = h("input", { type: "number", id, min: "0.001", step: "any", inputmode: "decimal", placeholder: "1", value, oninput: () => this.set(name, Number(field.value)) });
    return h("div", { class: "row" }, h("label", { for: id }, name), field);
  }

  set(name, cost) {
    if (cost > 0 && cost !== 1) this.costs.set(name, cost);
    else this.costs.delete(name);
    this.changed();
  }
}
