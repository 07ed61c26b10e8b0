// One large number with its name, and a line below it.

import { h, say } from "./dom.js";

export class Figure {
  constructor(name) {
    this.value = h("div", { class: "value" }, "–");
    this.more = h("div", { class: "more" }, "\u00a0");
    this.element = h("div", { class: "figure" }, h("div", { class: "name" }, name), this.value, this.more);
  }

  /** `kind`: warning, critical or nothing. */
  show(value, more = "", kind = "") {
    this.value.className = `value ${kind}`.trim();
    say(this.value, value);
    say(this.more, more || "\u00a0");
  }
}
