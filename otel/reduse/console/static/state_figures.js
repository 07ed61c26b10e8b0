// The state of the whole in a few numbers.

import { Figure } from "./figure.js";
import { t } from "./language.js";
import { count, duration } from "./units.js";

export class StateFigures {
  constructor() {
    this.rows = new Figure(t("overview.rows"));
    this.alerts = new Figure(t("overview.alerts"));
    this.age = new Figure(t("overview.age"));
    this.store = new Figure(t("overview.store"));
    this.elements = [this.rows, this.alerts, this.age, this.store].map((figure) => figure.element);
  }

  show({ rows, alerts, silence }) {
    const live = rows.filter((row) => row.passed).length;
    const ages = rows.map((row) => row.age).filter((age) => age !== null);
    const all = live === rows.length;
    this.rows.show(`${count(live)} / ${count(rows.length)}`, all ? t("overview.rows_all") : t("overview.rows_missing", { count: rows.length - live }), all ? "" : "critical");
    this.showAlerts(alerts);
    this.age.show(ages.length ? aged(Math.max(...ages)) : "–", t("overview.age_about"));
    if (silence === null) this.store.show(t("overview.store_yes"), t("overview.store_yes_about"));
    else this.store.show(t("overview.store_no"), t("overview.store_no_about", { time: duration(silence) }), "critical");
  }

  showAlerts(alerts) {
    if (alerts.error) {
      this.alerts.show("–", t("alerts.unknown"));
      return;
    }
    const critical = alerts.shown.some((alert) => alert.state === "firing" && alert.severity === "critical");
    const more = alerts.pending ? t("overview.alerts_pending", { count: alerts.pending }) : t("overview.alerts_none_pending");
    this.alerts.show(count(alerts.firing), more, critical ? "critical" : alerts.firing ? "warning" : "");
  }
}

/** An age: tenths of a second, so that it does not change its unit all the time. */
export const aged = (age) => (age < 60 ? `${count(age, 1)}\u202f${t("unit.s")}` : duration(age));
