package store

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fakeAlertmanager keeps what it is told.
type fakeAlertmanager struct {
	*httptest.Server
	alerts []alert
}

func newFakeAlertmanager(t *testing.T) *fakeAlertmanager {
	made := &fakeAlertmanager{}
	made.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var told []alert
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil || r.URL.Path != "/api/v2/alerts" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		made.alerts = append(made.alerts, told...)
	}))
	t.Cleanup(made.Close)
	return made
}

func TestAlertmanagerIsToldWithTheCauseAndOfTheEnd(t *testing.T) {
	alertmanager := newFakeAlertmanager(t)
	s := newSubject(t, func(c *Config) { c.Alertmanager = alertmanager.URL + "/" })
	s.store.answer = func([]string) (int, string) { return 500, "write to WAL: no space left on device" }
	s.beat(t.Context())
	expect(t, "told at once", len(alertmanager.alerts), 0)
	s.advance(patience + time.Second)
	s.beat(t.Context())
	expect(t, "told", len(alertmanager.alerts), 1)
	said := alertmanager.alerts[0]
	expect(t, "name", said.Labels["alertname"], "StoreNotTaking")
	expect(t, "cause", strings.Contains(said.Annotations["description"], "no space left on device"), true)
	expect(t, "runbook", said.Annotations["runbook_url"], "http://127.0.0.1:8090/runbooks/StoreNotTaking")
	expect(t, "begun", said.StartsAt, begin)
	s.advance(5 * time.Second)
	s.beat(t.Context())
	expect(t, "told again too soon", len(alertmanager.alerts), 1)
	s.advance(noticeRepeats)
	s.beat(t.Context())
	expect(t, "told again", len(alertmanager.alerts), 2)
	expect(t, "holds", alertmanager.alerts[1].EndsAt.After(s.time().Add(noticeRepeats)), true)
	s.store.answer = nil
	s.beat(t.Context())
	expect(t, "told of the end", len(alertmanager.alerts), 3)
	expect(t, "ended", alertmanager.alerts[2].EndsAt, s.time())
	s.advance(time.Hour)
	s.beat(t.Context())
	expect(t, "told of nothing", len(alertmanager.alerts), 3)
}

func TestTheAddressOfARunbookHasTheNameOfTheAlertWhereItIsMeantToBe(t *testing.T) {
	expect(t, "behind the base", runbookAddress("https://wiki.example.org/runbooks/", "A"), "https://wiki.example.org/runbooks/A")
	expect(t, "in the base", runbookAddress("https://git.example.org/docs/*.md", "A"), "https://git.example.org/docs/A.md")
}

func TestHeartbeatsNeverContradictEachOther(t *testing.T) {
	s := newSubject(t)
	for range 5 {
		s.heartbeat.beat(t.Context())
	}
	s.advance(-time.Hour)
	s.heartbeat.beat(t.Context())
	before := int64(0)
	for _, sample := range s.store.samples[heartbeatName+" instance=gateway job="+heartbeatJob] {
		expect(t, "later than the one before", sample.Timestamp > before, true)
		before = sample.Timestamp
	}
}
