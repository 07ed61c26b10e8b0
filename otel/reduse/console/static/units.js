// Numbers with their unit, short: 1.2k/s, 35 %, 20 ms. Units are named as Grafana names them.

import { language, t } from "./language.js";

const formats = new Map();

function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language() === "en" ? "en-GB" : language(), options));
  return formats.get(key);
}

/** Three digits that matter, none after the point from a hundred on. */
const short = (value) =>
  format(Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 }).format(value);

const SCALES = [[1e9, "G"], [1e6, "M"], [1e4, "k"]];
const BYTES = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [0, "B"]];
const SECONDS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]];
const NARROW = "\u202f";

function scaled(value) {
  for (const [scale, letter] of SCALES) {
    if (Math.abs(value) >= scale) return short(value / (letter === "k" ? 1e3 : scale)) + NARROW + letter;
  }
  return short(value);
}

function stepped(value, steps) {
  if (value === 0) return `0${NARROW}${t(`unit.${steps.at(-1)[1] === "B" ? "B" : "s"}`)}`;
  const [scale, name] = steps.find(([least]) => Math.abs(value) >= least * 0.9995) ?? steps.at(-1);
  return short(value / (scale || 1)) + NARROW + t(`unit.${name}`);
}

/** `unit` in Grafana's naming; null and undefined are no number. */
export function amount(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  switch (unit) {
    case "percentunit": return `${short(value * 100)}${NARROW}%`;
    case "percent": return `${short(value)}${NARROW}%`;
    case "s": return stepped(value, SECONDS);
    case "bytes": return stepped(value, BYTES);
    case "reqps":
    case "ops": return `${scaled(value)}${t("unit./s")}`;
    default: return scaled(value);
  }
}

/** A share from 0 to 1; what is not nothing, or not all, does not look like it. */
export function percent(share) {
  if (share > 0 && share < 0.00005) return `<${short(0.01)}${NARROW}%`;
  if (share > 0.99995 && share < 1) return `>${short(99.99)}${NARROW}%`;
  return `${format({ maximumFractionDigits: 2 }).format(share * 100)}${NARROW}%`;
}

/** A whole number with its thousands apart, or one with so many digits after the point. */
export const count = (value, digits = 0) => format({ maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** As people write it into a field: no more digits than it has. */
export const plain = (value) => String(Number(value.toPrecision(6)));

/** Hours and minutes, with seconds where they matter. */
export function clock(seconds, withSeconds = false) {
  return new Date(seconds * 1000).toLocaleTimeString(language(), {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(withSeconds ? { second: "2-digit" } : {}),
  });
}

export function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString(language(), {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
}

export const duration = (seconds) => stepped(seconds, SECONDS);
