// Any limit afterwards: what it would have rejected over the recorded time, whom it would have touched, what peak is left.

import { Card } from "../card.js";
import { list, segments } from "../controls.js";
import { fill, h, prose, say } from "../dom.js";
import { Figure } from "../figure.js";
import { t } from "../language.js";
import { amount, count, duration, moment, percent, plain } from "../units.js";
import { Costs } from "./costs.js";
import { services } from "./users.js";

const PERIODS = ["second", "minute", "hour", "day"];
const LENGTH = { second: 1, minute: 60, hour: 3600, day: 86400 };
const WINDOWS = [900, 3600, 21600, 86400, 604800];
const KINDS = ["token-bucket", "fixed-window", "moving-window"];
// Of a slider: from a tenth to a thousand requests a second, whatever the period.
const LOWEST = 0.01;
const HIGHEST = 1000;
const STEPS = 600;
// Mild is what touches at most so many of the active users, as `./reduse recommend` takes it.
const MILD = 0.01;
const WAIT_MS = 80;
const AGAIN_MS = 30_000;
const BARS_OF_HOURS = 24;

export function limits(context) {
  return new Limits(context).page();
}

class Limits {
  constructor({ definition, path, parameters, go }) {
    this.definition = definition;
    this.go = go;
    this.service = path[1] ?? definition.services.find((service) => service.users)?.job ?? definition.services[0]?.job;
    this.period = PERIODS.includes(parameters.get("period")) ? parameters.get("period") : "second";
    this.limit = Number(parameters.get("limit")) || 5;
    // Whoever has chosen none yet begins with the lowest limit that is mild.
    this.chosen = parameters.has("limit");
    this.burst = parameters.get("burst") ? Number(parameters.get("burst")) : null;
    this.seconds = Number(parameters.get("seconds")) || 3600;
    this.policy = parameters.get("policy") ?? "";
    this.kind = KINDS.includes(parameters.get("kind")) ? parameters.get("kind") : KINDS[0];
    this.instances = Number(parameters.get("instances")) || 1;
    this.costs = new Costs(parameters.get("costs") ?? "", () => this.set({}));
    this.asking = null;
  }

  page() {
    this.build();
    this.ask();
    // The recorded time moves on.
    this.again = setInterval(() => document.hidden || this.ask(), AGAIN_MS);
    return {
      title: t("page.limits"),
      elements: [
        h("div", { class: "head" }, h("div", {}, h("h1", {}, t("limits.title")), h("p", { class: "quiet" }, t("limits.about")))),
        h("div", { class: "limits" }, this.controls, this.outcome),
      ],
      topics: () => [],
      destroy: () => {
        clearTimeout(this.timer);
        clearInterval(this.again);
        this.asking?.abort();
        this.card?.destroy();
      },
    };
  }

  build() {
    this.slider = h("input", { type: "range", id: "limit-slider", min: "0", max: String(STEPS), step: "1", oninput: () => this.set({ limit: this.fromSlider(Number(this.slider.value)) }) });
    this.field = h("input", { type: "number", id: "limit", min: "0.001", step: "any", inputmode: "decimal", oninput: () => this.field.value > 0 && this.set({ limit: Number(this.field.value) }, this.field) });
    this.burstSlider = h("input", { type: "range", id: "burst-slider", min: "0", max: "100", step: "1", oninput: () => this.set({ burst: Math.max(1, roundly(this.limit * 20 ** (Number(this.burstSlider.value) / 100))) }) });
    this.burstField = h("input", { type: "number", id: "burst", min: "1", step: "any", inputmode: "decimal", oninput: () => this.set({ burst: this.burstField.value ? Number(this.burstField.value) : null }, this.burstField) });
    this.policyList = h("select", { id: "policy", onchange: () => this.set({ policy: this.policyList.value }) });
    this.policyPart = h("div", { class: "field", hidden: true }, h("label", { for: "policy" }, t("limits.policy")), this.policyList);
    this.kindList = h("select", { id: "kind", onchange: () => this.set({ kind: this.kindList.value }) }, KINDS.map((kind) => h("option", { value: kind, selected: kind === this.kind }, t(`limits.kind.${kind}`))));
    this.instancesField = h("input", { type: "number", id: "instances", min: "1", max: "64", step: "1", value: String(this.instances), oninput: () => this.instancesField.value >= 1 && this.set({ instances: Number(this.instancesField.value) }) });
    this.kindPart = h("div", { class: "field", hidden: true }, h("label", { for: "kind" }, t("limits.kind")), h("div", { class: "row" }, this.kindList, h("div", {}, h("label", { class: "unseen", for: "instances" }, t("limits.instances")), this.instancesField)), h("span", {}, t("limits.instances_about")));
    this.burstNote = h("span", {}, t("limits.burst_about"));
    this.periods = segments(t("limits.period"), PERIODS.map((period) => [period, t(`limits.period.${period}`)]), this.period, (period) => this.set({ period }));
    this.controls = h("form", { class: "controls", "aria-label": t("limits.controls"), onsubmit: (event) => event.preventDefault() },
      list(t("service"), services(this.definition, this.service), this.service, (service) => this.go(`limits/${encodeURIComponent(service)}`, { seconds: this.seconds })),
      this.policyPart,
      h("div", { class: "field" }, h("label", { for: "limit-slider" }, t("limits.limit")), h("div", { class: "row" }, this.slider, h("div", {}, h("label", { class: "unseen", for: "limit" }, t("limits.limit")), this.field))),
      h("div", { class: "field" }, h("span", {}, t("limits.period")), this.periods),
      this.burstPart = h("div", { class: "field" }, h("label", { for: "burst-slider" }, t("limits.burst")), h("div", { class: "row" }, this.burstSlider, h("div", {}, h("label", { class: "unseen", for: "burst" }, t("limits.burst")), this.burstField)), this.burstNote),
      this.costs.element,
      this.kindPart,
      h("div", { class: "field" }, h("span", {}, t("limits.window")), segments(t("limits.window"), WINDOWS.map((seconds) => [seconds, t(`range.${seconds}`)]), this.seconds, (seconds) => this.set({ seconds }))));
    this.controls.querySelector("label").classList.add("field");
    this.figures = { rejected: new Figure(t("limits.rejected")), touched: new Figure(t("limits.touched")), peak: new Figure(t("limits.peak")), saved: new Figure(t("limits.saved")) };
    this.suggestion = h("button", { type: "button", hidden: true, onclick: () => this.set(this.suggested) });
    this.verdict = h("p", { class: "verdict", "aria-live": "polite" });
    this.rest = h("div", { class: "section" });
    this.outcome = h("section", { class: "outcome", "aria-label": t("limits.outcome"), "aria-busy": "true" }, this.verdict, h("p", {}, this.suggestion), h("div", { class: "figures" }, Object.values(this.figures).map((figure) => figure.element)), this.rest);
    this.paint();
  }

  /** Of the slider: even steps of the logarithm, by the period that is chosen. */
  fromSlider(step) {
    return roundly(LOWEST * (HIGHEST / LOWEST) ** (step / STEPS) * LENGTH[this.period]);
  }

  set(changed, typed = null) {
    this.chosen = true;
    // The same rate in another period: the bucket is another's.
    if (changed.period && changed.limit === undefined) {
      this.limit = roundly((this.limit / LENGTH[this.period]) * LENGTH[changed.period]);
      this.burst = null;
    }
    Object.assign(this, changed);
    this.paint(typed);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  paint(typed = null) {
    const share = Math.log(this.limit / LENGTH[this.period] / LOWEST) / Math.log(HIGHEST / LOWEST);
    this.slider.value = String(Math.round(STEPS * Math.min(1, Math.max(0, share))));
    this.slider.setAttribute("aria-valuetext", this.written());
    if (typed !== this.field) this.field.value = plain(this.limit);
    const burst = this.burst ?? this.usualBurst();
    this.burstSlider.value = String(Math.round(Math.min(100, Math.max(0, (100 * Math.log(burst / this.limit)) / Math.log(20)))));
    this.burstSlider.setAttribute("aria-valuetext", t("limits.at_once", { count: plain(burst) }));
    if (typed !== this.burstField) this.burstField.value = this.burst === null ? "" : plain(this.burst);
    this.burstField.placeholder = plain(burst);
    this.instancesField.value = String(this.instances);
    [...this.periods.children].forEach((button, index) => button.setAttribute("aria-pressed", String(PERIODS[index] === this.period)));
  }

  written() {
    return asked(this);
  }

  /** Of a limit by the second that of two seconds, else the requests of a whole period. */
  usualBurst() {
    return Math.max(1, this.period === "second" ? this.limit * 2 : this.limit);
  }

  question() {
    const given = { service: this.service, seconds: this.seconds, limit: plain(this.limit), period: this.period, burst: this.burst === null ? "" : plain(this.burst), policy: this.policy, costs: this.costs.written, kind: this.kind === KINDS[0] ? "" : this.kind, instances: this.instances === 1 ? "" : this.instances };
    return new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ""));
  }

  async ask() {
    const question = this.question();
    const own = new URLSearchParams(question);
    own.delete("service");
    // What is suggested holds for these; asking for it takes longer than one limit.
    const about = [this.period, this.policy, this.costs.written, this.seconds].join();
    if (this.suggestedFor !== about) question.set("suggest", "1");
    history.replaceState(null, "", `#/limits/${encodeURIComponent(this.service)}?${own}`);
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.outcome.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`/api/explore?${question}`, { signal: asking.signal });
      const said = await answer.json();
      if (this.asking !== asking) return;
      if (said.error) this.reject(said.error);
      else {
        if (said.suggested !== undefined) Object.assign(this, { suggested: said.suggested, suggestedFor: about });
        this.show(said);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      this.reject(t("trouble.console"));
    }
    this.outcome.setAttribute("aria-busy", "false");
  }

  reject(why) {
    this.suggestion.hidden = true;
    for (const figure of Object.values(this.figures)) figure.show("–");
    fill(this.verdict, h("strong", {}, t("limits.no_answer")));
    fill(this.rest, h("p", { class: "note" }, why));
  }

  show(said) {
    if (!this.chosen && said.suggested) {
      this.set(said.suggested);
      return;
    }
    const written = asked(said);
    this.policies(said.policies ?? []);
    this.suggest(this.suggested);
    const tried = said.source === "history";
    this.kindPart.hidden = !tried;
    // Of one policy alone, only its own cost matters.
    this.costs.show(this.policy ? [this.policy] : (said.policies ?? []));
    this.costs.element.hidden ||= !tried;
    this.burstPart.hidden = tried && this.kind === "fixed-window";
    this.burstSlider.disabled = this.burstField.disabled = !tried;
    say(this.burstNote, tried ? t("limits.burst_about") : t("limits.burst_fixed"));
    const mild = said.touched_share <= MILD;
    this.figures.rejected.show(percent(said.rejected_share), t("limits.rejected_of", { rejected: count(said.rejected), requests: count(said.requests) }));
    this.figures.touched.show(count(said.touched), t("limits.touched_of", { active: count(said.active), share: percent(said.touched_share) }), mild ? "" : "warning");
    this.figures.peak.show(perSecond(said.peak_left), t("limits.peak_of", { peak: perSecond(said.peak) }));
    this.figures.saved.element.hidden = said.seconds_saved === undefined;
    if (said.seconds_saved !== undefined) this.figures.saved.show(duration(said.seconds_saved), t("limits.saved_of", { seconds: duration(said.server_seconds) }));
    say(this.verdict, t(said.requests === 0 ? "limits.verdict_empty" : said.touched === 0 ? "limits.verdict_nobody" : mild ? "limits.verdict_mild" : "limits.verdict_hard", { limit: written, burst: count(said.burst), touched: count(said.touched), rejected: percent(said.rejected_share) }));
    fill(this.rest, this.notes(said, written), this.hours(said.hours), this.users(said.users), this.ladder(said), this.command(said));
  }

  /** Offers the lowest limit that is mild, where it is another. */
  suggest(suggested) {
    this.suggestion.hidden = !suggested || (suggested.period === this.period && suggested.limit === this.limit);
    if (suggested) say(this.suggestion, t("limits.suggested", { limit: asked(suggested) }));
  }

  policies(there) {
    this.policyPart.hidden = !there.length && !this.policy;
    const options = ["", ...new Set([...there, ...(this.policy ? [this.policy] : [])])];
    if (options.join() === [...this.policyList.options].map((option) => option.value).join()) return;
    fill(this.policyList, options.map((name) => h("option", { value: name, selected: name === this.policy }, name || t("limits.policy_all"))));
  }

  notes(said, written) {
    const notes = [];
    if (said.source === "ladder") notes.push(t("limits.from_ladder", { limit: written, burst: count(said.burst) }));
    if (said.clipped) notes.push(t("limits.clipped", { begin: moment(said.first) }));
    else if (said.first > said.begin + 60 || said.last < said.end - 60) notes.push(t("limits.covered", { first: moment(said.first), last: moment(said.last) }));
    if (said.throttled) notes.push(t("limits.throttled", { count: count(said.throttled) }));
    for (const gap of said.gaps ?? []) notes.push(t("limits.gap", { begin: moment(gap.begin), end: moment(gap.end) }));
    if (said.gaps_left_out) notes.push(t("limits.gaps_more", { count: said.gaps_left_out }));
    return notes.map((note) => h("p", { class: "note" }, note));
  }

  hours(hours) {
    if (!hours?.length) return null;
    if (hours.length > BARS_OF_HOURS) return this.course(hours);
    // A bar that is nearly full is a large share, and not the largest of small ones.
    const most = Math.max(0.25, ...hours.map((each) => each.rejected / each.requests));
    return h("section", { class: "section" }, h("h2", {}, t("limits.hours")),
      h("div", { class: "card" }, h("ul", { class: "bars" }, hours.map((each) => {
        const share = each.rejected / each.requests;
        const track = h("i");
        track.style.width = `${(100 * share) / most}%`;
        return h("li", {}, h("span", { class: "quiet" }, moment(each.start)), h("span", { class: "track" }, track), h("span", { class: "number" }, percent(share)));
      }))));
  }

  /** Of many hours, as a graph. */
  course(hours) {
    const card = (this.card ??= new Card({ title: t("limits.hours"), description: "", unit: "percentunit", kind: "lines", thresholds: [], colors: [], maximum: null, may_be_empty: false }));
    const begin = hour(hours[0].start);
    const end = hour(hours.at(-1).start);
    const values = Array((end - begin) / 3600 + 1).fill(null);
    for (const each of hours) values[(hour(each.start) - begin) / 3600] = each.rejected / each.requests;
    card.show({ lines: [{ name: t("limits.rejected"), values }] }, { end, step: 3600, columns: values.length });
    return h("section", { class: "section" }, card.element);
  }

  users(users) {
    if (!users) return null;
    if (!users.length) return h("section", { class: "section" }, h("h2", {}, t("limits.users")), h("p", { class: "note" }, t("limits.users_none")));
    return h("section", { class: "section" }, h("h2", {}, t("limits.users")),
      h("div", { class: "table", tabindex: "0", role: "region", "aria-label": t("limits.users") }, h("table", {},
        h("thead", {}, h("tr", {}, ["user", "requests", "rejected", "share"].map((name) => h("th", { scope: "col", class: name === "user" ? "" : "number" }, t(`limits.users.${name}`))))),
        h("tbody", {}, users.map((user) => h("tr", {}, h("th", { scope: "row", class: "user" }, user.user), h("td", { class: "number" }, count(user.requests)), h("td", { class: "number" }, count(user.rejected)), h("td", { class: "number" }, percent(user.rejected / user.requests))))))),
      h("p", { class: "note" }, prose(t("limits.users_about"))));
  }

  ladder({ ladder, limit, period }) {
    if (!ladder) return null;
    return h("section", { class: "section" }, h("h2", {}, t("limits.ladder")),
      h("div", { class: "table", tabindex: "0", role: "region", "aria-label": t("limits.ladder") }, h("table", {},
        h("thead", {}, h("tr", {}, ["limit", "rejected", "touched", "peak"].map((name) => h("th", { scope: "col", class: "number" }, t(`limits.ladder.${name}`))))),
        h("tbody", {}, ladder.map((step) => h("tr", { class: step.limit === limit && step.period === period ? "chosen" : "" },
          h("th", { scope: "row", class: "number" }, h("button", { type: "button", class: "plain", onclick: () => this.set({ limit: step.limit, period: step.period }) }, asked(step))),
          h("td", { class: "number" }, percent(step.rejected_share)), h("td", { class: "number" }, count(step.touched)), h("td", { class: "number" }, perSecond(step.peak_left))))))));
  }

  command(said) {
    return h("section", { class: "section" }, h("h2", {}, t("limits.command")), h("code", { class: "command", tabindex: "0" }, said.command),
      h("p", { class: "note" }, t(said.source === "ladder" ? "limits.command_ladder" : "limits.command_about", { begin: moment(said.begin), end: moment(said.end) })));
  }
}

/** A limit as people write it: 5/s, 60/minute. */
const asked = ({ limit, period }) => (period === "second" ? amount(limit, "reqps") : `${plain(limit)}/${t(`limits.period.${period}`)}`);

/** The hour of the clock (UTC) that a second is in, by its first. */
const hour = (second) => second - (second % 3600);

/** Of the busiest second: every request counts. */
const perSecond = (requests) => `${count(requests)}${t("unit./s")}`;

/** Two digits, as a person writes a limit. */
export function roundly(value) {
  return Number(value.toPrecision(2));
}
