// A histogram over time: the more observations in a bucket, the stronger its colour.

import { color } from "./theme.js";
import { amount, clock } from "./units.js";

const LEFT = 54;
const BOTTOM = 22;

export class Heatmap {
  constructor(holder, panel) {
    this.holder = holder;
    this.panel = panel;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "fills";
    holder.append(this.canvas);
    this.resizing = new ResizeObserver(() => this.recolor());
    this.resizing.observe(holder);
  }

  /** `lines`: cumulative buckets by their upper bound. */
  draw({ lines, end, step, columns }) {
    this.given = { lines, end, step, columns };
    const buckets = [...lines].sort((a, b) => bound(a) - bound(b));
    const counts = buckets.map(({ values }, row) => values.map((value, column) => Math.max(0, (value ?? 0) - (buckets[row - 1]?.values[column] ?? 0))));
    const most = Math.max(1e-9, ...counts.flat());
    const width = this.holder.clientWidth;
    const height = this.holder.clientHeight;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const cell = { width: (width - LEFT) / columns, height: (height - BOTTOM) / Math.max(1, buckets.length) };
    context.fillStyle = color("--series-1");
    counts.forEach((row, index) => row.forEach((value, column) => {
      if (value <= 0) return;
      context.globalAlpha = 0.15 + 0.85 * Math.sqrt(value / most);
      context.fillRect(LEFT + column * cell.width, height - BOTTOM - (index + 1) * cell.height, Math.ceil(cell.width), Math.max(1, cell.height - 1));
    }));
    context.globalAlpha = 1;
    context.fillStyle = color("--quiet");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    const each = Math.ceil(14 / cell.height);
    buckets.forEach((bucket, index) => {
      if (index % each === 0) context.fillText(`≤ ${amount(bound(bucket), this.panel.unit)}`, LEFT - 6, height - BOTTOM - (index + 0.5) * cell.height);
    });
    context.textAlign = "center";
    for (const share of [0, 0.5, 1]) {
      const x = LEFT + share * (width - LEFT);
      context.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
      context.fillText(clock(end - (1 - share) * (columns - 1) * step), x, height - 9);
    }
  }

  recolor() {
    if (this.given) this.draw(this.given);
  }

  destroy() {
    this.resizing.disconnect();
    this.canvas.remove();
  }
}

const bound = (line) => (line.name === "+Inf" ? Infinity : Number(line.name));
