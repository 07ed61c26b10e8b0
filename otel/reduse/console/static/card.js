// A panel as a card: its title, its graph, and a legend that says the newest numbers, or those that are pointed at.

import { fill, h, prose, say } from "./dom.js";
import { Heatmap } from "./heatmap.js";
import { read, t } from "./language.js";
import { paletteColor, Plot } from "./plot.js";
import { onColors } from "./theme.js";
import { amount } from "./units.js";

const NAMED = 8;

export class Card {
  /** `panel`: its definition; `head`: what stands in the place of its title. */
  constructor(panel, head = h("h3", {}, read(panel.title))) {
    this.panel = panel;
    this.colors = new Map();
    this.order = [];
    this.seen = false;
    this.body = h("div", { class: "body" });
    this.legend = h("ul", { class: "legend" });
    this.element = h("article", { class: "card" }, h("header", {}, head), this.body, this.legend);
    this.about = h("p", { class: "about" }, prose(read(panel.description)));
    this.looking = new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      if (this.seen && this.waiting) this.draw();
    }, { rootMargin: "200px" });
    this.looking.observe(this.element);
    this.offColors = onColors(() => this.plot?.recolor());
    fill(this.body, h("p", { class: "empty" }, t("panel.waiting")));
  }

  /** Say below the title what the panel shows. */
  tell() {
    this.element.classList.add("told");
    this.element.insertBefore(this.about, this.body);
  }

  /** `result`: of one panel; `grid`: `{end, step, columns}`. */
  show(result, grid) {
    this.waiting = { result, grid };
    if (this.seen) this.draw();
  }

  draw() {
    const { result, grid } = this.waiting;
    this.waiting = null;
    if (result.error) this.say(t("panel.refused"), result.error);
    else if (result.bars) this.bars(result.bars);
    else if (!result.lines.length) this.say(...this.reason());
    else if (this.panel.kind === "number") this.number(result.lines);
    else this.lines(result.lines, grid, result.left_out);
  }

  reason() {
    return this.panel.may_be_empty ? [t("panel.nothing"), t("panel.nothing_why")] : [t("panel.no_data"), t("panel.no_data_why")];
  }

  say(what, why) {
    this.clear();
    fill(this.body, h("div", { class: "empty" }, h("strong", {}, what), h("span", { class: "small" }, why)));
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    fill(this.legend);
  }

  bars(bars) {
    if (!bars.length) {
      this.say(...this.reason());
      return;
    }
    this.clear();
    const most = this.panel.maximum ?? Math.max(1e-9, ...bars.map((bar) => bar.value ?? 0));
    fill(this.body, h("ul", { class: "bars" }, bars.map((bar) => {
      const track = h("i");
      track.style.width = `${Math.min(100, (100 * (bar.value ?? 0)) / most)}%`;
      return h("li", {}, h("span", {}, bar.name), h("span", { class: "track" }, track), h("span", { class: "number" }, amount(bar.value, this.panel.unit)));
    })));
  }

  number(lines) {
    this.clear();
    fill(this.body, h("p", { class: "big" }, lines.map((line) => amount(last(line.values), this.panel.unit)).join(" · ")));
  }

  lines(lines, grid, leftOut) {
    if (!this.plot) {
      const holder = h("div", { class: "plot", role: "img" });
      fill(this.body, holder);
      this.holder = holder;
      this.plot = this.panel.kind === "heatmap" ? new Heatmap(holder, this.panel) : new Plot(holder, this.panel, (index) => this.point(index));
    }
    const ordered = this.ordered(lines);
    this.plot.draw({ lines: ordered, ...grid });
    this.holder.setAttribute("aria-label", `${read(this.panel.title)}: ${ordered.slice(0, NAMED).map((line) => `${line.name} ${amount(last(line.values), this.panel.unit)}`).join(", ")}`);
    if (this.panel.kind !== "heatmap") this.name(ordered, leftOut);
  }

  /** In the order in which they came first, each with the colour that it had: graphs do not change places. */
  ordered(lines) {
    const byName = new Map(lines.map((line) => [line.name, line]));
    this.order = [...this.order.filter((name) => byName.has(name)), ...[...byName.keys()].filter((name) => !this.order.includes(name)).sort(byNumber)];
    for (const name of this.colors.keys()) if (!byName.has(name)) this.colors.delete(name);
    return this.order.map((name) => ({ ...byName.get(name), color: this.color(name) }));
  }

  color(name) {
    if (!this.colors.has(name)) {
      const meant = this.panel.colors.find((each) => new RegExp(each.pattern).test(name));
      const taken = new Set(this.colors.values());
      const free = Array.from({ length: 8 }, (_, index) => paletteColor(index)).find((each) => !taken.has(each));
      this.colors.set(name, meant?.color ?? free ?? paletteColor(this.colors.size));
    }
    return this.colors.get(name);
  }

  name(lines, leftOut) {
    this.named = [...lines].sort((a, b) => (last(b.values) ?? -1) - (last(a.values) ?? -1));
    if (this.named.length <= NAMED) this.named = lines;
    const shown = this.named.slice(0, NAMED);
    const more = this.named.length - shown.length + (leftOut ?? 0);
    this.values = shown.map(() => h("span", { class: "value" }));
    fill(this.legend, shown.map((line, index) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = line.color.startsWith("--") ? `var(${line.color})` : line.color;
      return h("li", {}, swatch, h("span", { class: "name", title: line.name }, line.name), this.values[index]);
    }), more > 0 ? h("li", { class: "quiet" }, t("panel.more", { count: more })) : null);
    this.point(this.pointed ?? null);
  }

  /** The numbers of a column, or the newest. */
  point(index) {
    this.pointed = index;
    this.values?.forEach((element, place) => {
      const { values } = this.named[place];
      say(element, amount(index === null ? last(values) : values[index], this.panel.unit));
    });
  }

  destroy() {
    this.looking.disconnect();
    this.offColors();
    this.plot?.destroy();
  }
}

/** The newest value that there is, of the last few columns. */
export function last(values) {
  for (let index = values.length - 1; index >= Math.max(0, values.length - 4); index -= 1) {
    if (values[index] !== null) return values[index];
  }
  return null;
}

const byNumber = (a, b) => a.localeCompare(b, undefined, { numeric: true });
