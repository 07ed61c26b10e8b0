// A graph over time, drawn by uPlot: lines, or layers on each other. It moves without jumping.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { color, isDark } from "./theme.js";
import { amount, clock } from "./units.js";

const SERIES = 8;
const LEFT = 54;
// Round numbers of bytes.
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);
const FONT = "11px system-ui, sans-serif";

/** A colour of the palette, as a custom property. */
export const paletteColor = (index) => `--series-${(index % SERIES) + 1}`;

const resolved = (name) => (name.startsWith("--") ? color(name) : name);

/** A colour that lets through what is behind it: `#rrggbb` or what a style computes to. */
function alpha(solid, share) {
  if (solid.startsWith("#")) return solid + Math.round(share * 255).toString(16).padStart(2, "0");
  return solid.replace(/^rgb\(([^)]+)\)$/, (_, parts) => `rgba(${parts}, ${share})`);
}

/** A round number that is at least so large, the same for near ones. */
function ceiling(value, unit) {
  if (!(value > 0)) return 1;
  if (unit === "bytes") return 2 ** Math.ceil(Math.log2(value));
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * 0.9999);
}

export class Plot {
  /** `panel`: its definition; `onCursor(index or null)`: which column is pointed at. */
  constructor(holder, panel, onCursor) {
    this.holder = holder;
    this.panel = panel;
    this.onCursor = onCursor;
    this.plot = null;
    this.top = 0;
    this.names = "";
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(holder);
  }

  /** `lines`: `{name, values, color}` in order; `end`, `step`, `columns`: the grid of times. */
  draw({ lines, end, step, columns }) {
    this.given = { lines, end, step, columns };
    const times = Array.from({ length: columns }, (_, index) => end - (columns - 1 - index) * step);
    const values = this.panel.kind === "stacked" ? stack(lines) : lines.map((line) => line.values);
    this.scale(values);
    const names = `${isDark()} ${lines.map((line) => `${line.name}${line.color}`).join("\n")}`;
    if (!this.plot || names !== this.names) {
      this.names = names;
      this.build(lines, [times, ...values]);
    } else {
      this.plot.setData([times, ...values]);
    }
  }

  /** The top of the axis stays until what is drawn no longer fits it, or has become small in it. */
  scale(values) {
    if (this.panel.maximum) {
      this.top = this.panel.maximum;
      return;
    }
    let largest = 0;
    for (const series of values) for (const value of series) if (value > largest) largest = value;
    if (!this.top || largest > this.top || largest < this.top * 0.4) this.top = ceiling(largest * 1.1, this.panel.unit);
  }

  build(lines, data) {
    this.plot?.destroy();
    const quiet = color("--quiet");
    const grid = { stroke: color("--grid"), width: 1 };
    const stacked = this.panel.kind === "stacked";
    const series = lines.map((line) => {
      const stroke = resolved(line.color);
      return { label: line.name, stroke, width: stacked ? 1 : 1.5, points: { show: false }, fill: stacked ? alpha(stroke, 0.55) : undefined };
    });
    const unit = this.panel.unit;
    this.plot = new uPlot({
      width: this.width(),
      height: this.holder.clientHeight || 152,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { x: true, y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "time" } },
      scales: { x: { time: true }, y: { range: () => [0, this.top] } },
      axes: [
        { stroke: quiet, font: FONT, grid: { show: false }, ticks: { show: false }, size: 22, space: 70, values: (_, splits) => splits.map((second) => clock(second)) },
        { stroke: quiet, font: FONT, grid, ticks: { show: false }, size: LEFT, space: 34, values: (_, splits) => splits.map((value) => amount(value, unit)), ...(unit === "bytes" ? { incrs: POWERS } : {}) },
      ],
      series: [{}, ...series],
      bands: stacked ? lines.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : [],
      hooks: {
        setCursor: [(plot) => this.onCursor(plot.cursor.idx ?? null)],
        draw: [(plot) => this.thresholds(plot)],
      },
    }, data, this.holder);
  }

  thresholds(plot) {
    for (const threshold of this.panel.thresholds) {
      if (threshold.value > this.top) continue;
      const y = plot.valToPos(threshold.value, "y", true);
      const context = plot.ctx;
      context.save();
      context.strokeStyle = color(threshold.color === "red" ? "--critical" : "--warning");
      context.setLineDash([4, 4]);
      context.beginPath();
      context.moveTo(plot.bbox.left, y);
      context.lineTo(plot.bbox.left + plot.bbox.width, y);
      context.stroke();
      context.restore();
    }
  }

  width() {
    return Math.max(120, this.holder.clientWidth);
  }

  resize() {
    if (this.plot && this.width() !== this.plot.width) this.plot.setSize({ width: this.width(), height: this.plot.height });
  }

  recolor() {
    if (this.given) this.draw(this.given);
  }

  destroy() {
    this.resizing.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }
}

/** Each series on those before it; where one has no value it adds nothing. */
function stack(lines) {
  const sums = [];
  let below = null;
  for (const { values } of lines) {
    below = values.map((value, index) => (value === null && !below?.[index] && below?.[index] !== 0 ? null : (value ?? 0) + (below?.[index] ?? 0)));
    sums.push(below);
  }
  return sums;
}
