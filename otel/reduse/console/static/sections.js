// The sections of a dashboard as cards, each with a topic of its own; a folded one asks when it is opened.

import { Card } from "./card.js";
import { h } from "./dom.js";
import { read } from "./language.js";

export class Sections {
  /** `values`: of the dashboard's variables; `head(panel)`: what a card has for a title; `changed`: topics are others. */
  constructor(board, { seconds, values = {}, only = null, head = undefined, changed = () => {} }) {
    this.parts = board.sections
      .map((section, index) => ({ section, index }))
      .filter(({ index }) => only === null || only.includes(index))
      .map(({ section, index }) => this.part(board, section, index, seconds, values, head, changed));
    this.elements = this.parts.map((part) => part.element);
  }

  part(board, section, index, seconds, values, head, changed) {
    const cards = section.panels.map((panel) => new Card(panel, head?.(panel)));
    if (!head) for (const card of cards) card.tell();
    const grid = h("div", { class: "cards" }, cards.map((card) => card.element));
    const query = new URLSearchParams({ board: board.uid, section: index, seconds, ...values });
    const part = { topic: `panels?${query}`, cards, open: !section.folded };
    if (section.folded) {
      part.element = h("details", { class: "section" }, h("summary", {}, read(section.title)), grid);
      part.element.addEventListener("toggle", () => {
        part.open = part.element.open;
        changed();
      });
    } else {
      part.element = h("section", { class: "section" }, h("h2", {}, read(section.title)), grid);
    }
    return part;
  }

  topics() {
    return this.parts.filter((part) => part.open).map((part) => [part.topic, (data) => show(part.cards, data)]);
  }

  destroy() {
    this.parts.flatMap((part) => part.cards).forEach((card) => card.destroy());
  }
}

function show(cards, data) {
  for (const card of cards) card.element.classList.toggle("of-the-past", Boolean(data.error));
  if (data.error) return;
  requestAnimationFrame(() => data.panels.forEach((result, index) => cards[index].show(result, data)));
}
