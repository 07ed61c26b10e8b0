package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// Said again so often while it lasts; Alertmanager takes it for ended when it hears nothing for so long.
	noticeRepeats = 30 * time.Second
	noticeHolds   = 2 * time.Minute
)

// notice tells Alertmanager that the store takes nothing: Prometheus cannot, when it is the one that is away.
type notice struct {
	url      string
	runbook  string
	instance string
	client   *http.Client

	begun, said time.Time
}

func newNotice(base, runbooks, instance string) *notice {
	return &notice{
		url:     strings.TrimRight(base, "/") + "/api/v2/alerts",
		runbook: runbookAddress(runbooks, "StoreNotTaking"), instance: instance,
		client: &http.Client{Timeout: 5 * time.Second},
	}
}

// runbookAddress is the address of an alert's runbook: of `*` in the base address, or behind it.
func runbookAddress(base, alert string) string {
	if strings.Contains(base, "*") {
		return strings.ReplaceAll(base, "*", alert)
	}
	return strings.TrimRight(base, "/") + "/" + alert
}

type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// tell says that the store has been silent for so long, or, with 0, that it is no more.
func (n *notice) tell(ctx context.Context, silent time.Duration, detail string, now time.Time) error {
	switch {
	case silent == 0 && n.begun.IsZero():
		return nil
	case silent == 0:
		err := n.post(ctx, "the store accepts samples again", now)
		if err == nil {
			n.begun, n.said = time.Time{}, time.Time{}
		}
		return err
	case now.Sub(n.said) < noticeRepeats:
		return nil
	}
	if n.begun.IsZero() {
		n.begun = now.Add(-silent)
	}
	err := n.post(ctx, detail, now.Add(noticeHolds))
	if err == nil {
		n.said = now
	}
	return err
}

func (n *notice) post(ctx context.Context, detail string, ends time.Time) error {
	body, err := json.Marshal([]alert{{
		Labels: map[string]string{
			"alertname": "StoreNotTaking", "severity": "critical", "source": "gateway", "instance": n.instance,
		},
		Annotations: map[string]string{
			"summary": "The store accepts no samples",
			"description": fmt.Sprintf("The gateway %s has not been able to write since %s; the agent keeps the data on disk. "+
				"The store's answer: %s",
				n.instance, n.begun.UTC().Format(time.RFC3339), detail),
			"runbook_url": n.runbook,
			"dashboard":   "/d/reduse-pipeline",
		},
		StartsAt: n.begun, EndsAt: ends,
	}})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("Alertmanager answered %s", response.Status)
	}
	return nil
}
