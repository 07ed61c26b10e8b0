package rabbitmq

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
)

// fake is a management API that answers as it is told: a path without an answer is refused with 500.
type fake struct {
	answers  map[string]string
	asked    []string
	password string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/")
	f.asked = append(f.asked, path)
	_, f.password, _ = r.BasicAuth()
	answer, there := f.answers[path+"?page="+r.URL.Query().Get("page")]
	if !there {
		answer, there = f.answers[path]
	}
	switch {
	case !there && path == "operator-policies":
		// As brokers did before there were any.
		http.NotFound(w, r)
		return
	case !there:
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(answer))
}

func fakeBroker(queues string) *fake {
	return &fake{answers: map[string]string{
		"overview": `{"disable_stats": false}`, "queues": page1(queues), "nodes": `[]`,
		"vhosts":    `[{"name": "/"}, {"name": "hidden"}]`,
		"exchanges": `[{"name": "", "vhost": "/", "type": "direct"}, {"name": "dlx", "vhost": "/", "type": "fanout"}]`,
		"bindings": `[{"source": "", "vhost": "/", "destination": "a", "destination_type": "queue", "routing_key": "a"},
			{"source": "dlx", "vhost": "/", "destination": "b", "destination_type": "queue", "routing_key": ""}]`,
		"policies": `[]`,
	}}
}

func page1(queues string) string { return `{"items": [` + queues + `], "page_count": 1}` }

const (
	queueA = `{"name": "a", "vhost": "/", "messages_ready": 1, "messages_unacknowledged": 2, "consumers": 1,
		"arguments": {"x-dead-letter-exchange": "dlx"}, "message_stats": {"ack": 4}}`
	queueB = `{"name": "b", "vhost": "/", "messages_ready": 5, "consumers": 0}`
	queueC = `{"name": "c", "vhost": "/", "messages_ready": 6, "consumers": 0}`
)

func scrapeOf(t *testing.T, broker http.Handler, change func(*Config)) *scrape {
	t.Helper()
	server := httptest.NewServer(broker)
	t.Cleanup(server.Close)
	config := defaultConfig().(*Config)
	config.Endpoint, config.Username = server.URL, "monitoring"
	if change != nil {
		change(config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	made, err := newScrape(config, newManagement(config, nil), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// lines of one scrape: "metric value attributes", without what has ended, by their first words.
func scraped(t *testing.T, s *scrape) map[string]int64 {
	t.Helper()
	metrics, err := s.metrics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	all := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range all.Len() {
		var points pmetric.NumberDataPointSlice
		if all.At(i).Type() == pmetric.MetricTypeSum {
			points = all.At(i).Sum().DataPoints()
		} else {
			points = all.At(i).Gauge().DataPoints()
		}
		for j := range points.Len() {
			if points.At(j).Flags().NoRecordedValue() {
				continue
			}
			name := strings.TrimPrefix(all.At(i).Name(), "rabbitmq.")
			for _, attribute := range []string{queueName, queueRole, vhostName, stateName, partName, reasonName} {
				if value, there := points.At(j).Attributes().Get(attribute); there {
					name += " " + value.Str()
				}
			}
			found[name] = points.At(j).IntValue()
		}
	}
	return found
}

func expect(t *testing.T, found map[string]int64, want map[string]int64) {
	t.Helper()
	for name, value := range want {
		if got, there := found[name]; !there || got != value {
			t.Errorf("%s: %d (there: %v) instead of %d", name, got, there, value)
		}
	}
}

func expectNone(t *testing.T, found map[string]int64, beginning string) {
	t.Helper()
	for name := range found {
		if strings.HasPrefix(name, beginning) {
			t.Errorf("%s is there", name)
		}
	}
}

func TestWhatTheBrokerLeavesOutHasNoPoint(t *testing.T) {
	found := scraped(t, scrapeOf(t, fakeBroker(queueA+","+queueB), nil))
	expect(t, found, map[string]int64{
		"message.current a work / ready": 1, "message.current a work / unacknowledged": 2, "message.acknowledged a work /": 4,
		"message.current b dead_letter / ready": 5, "consumer.count b dead_letter /": 0,
		"reduse.rabbitmq.vhost.readable /": 1, "reduse.rabbitmq.vhost.readable hidden": 0,
		"reduse.rabbitmq.readable topology": 1,
	})
	expectNone(t, found, "message.current b dead_letter / unacknowledged")
	expectNone(t, found, "message.delivered")
	expectNone(t, found, "message.acknowledged b")
}

func TestThatThereIsNoQueueOfARoleIsKnownOnlyWithTheTopology(t *testing.T) {
	broker := fakeBroker(queueC)
	s := scrapeOf(t, broker, nil)
	expect(t, scraped(t, s), map[string]int64{
		"reduse.rabbitmq.queues work": 1, "reduse.rabbitmq.queues dead_letter": 0, "reduse.rabbitmq.queues retry": 0,
		"reduse.rabbitmq.queues stream": 0, "reduse.rabbitmq.queues temporary": 0, "reduse.rabbitmq.queues consumerless": 0,
	})
	broker.answers["queues"] = page1(queueA + "," + queueB + `,{"name": "x", "vhost": "/", "exclusive": true}`)
	expect(t, scraped(t, s), map[string]int64{
		"reduse.rabbitmq.queues work": 1, "reduse.rabbitmq.queues dead_letter": 1, "reduse.rabbitmq.queues temporary": 1,
	})
	broker.answers["queues"] = page1("")
	expect(t, scraped(t, s), map[string]int64{"reduse.rabbitmq.queues work": 0, "reduse.rabbitmq.queues dead_letter": 0})

	delete(broker.answers, "bindings")
	broker.answers["queues"] = page1(queueC)
	s.topologyRead = time.Now().Add(-topologyLasts)
	expectNone(t, scraped(t, s), "reduse.rabbitmq.queues ")
}

func TestRolesStayWhileTheTopologyCannotBeReadAndNewQueuesHaveNone(t *testing.T) {
	broker := fakeBroker(queueA + "," + queueB)
	s := scrapeOf(t, broker, nil)
	scraped(t, s)
	delete(broker.answers, "bindings")
	broker.answers["queues"] = page1(queueA + "," + queueB + "," + queueC)
	found := scraped(t, s)
	expect(t, found, map[string]int64{
		"message.current b dead_letter / ready": 5, "reduse.rabbitmq.readable topology refused": 0, "reduse.rabbitmq.up": 1,
	})
	expectNone(t, found, "message.current c")

	s.topologyRead = time.Now().Add(-topologyLasts)
	expectNone(t, scraped(t, s), "message.current")

	broker.answers["bindings"] = `[]`
	found = scraped(t, s)
	expect(t, found, map[string]int64{"message.current b work / ready": 5, "message.current c work / ready": 6})
}

func TestTheTopologyIsReadWhenQueuesChangeOrTimeHasPassed(t *testing.T) {
	broker := fakeBroker(queueA)
	s := scrapeOf(t, broker, nil)
	times := func() (number int) {
		for _, path := range broker.asked {
			if path == "bindings" {
				number++
			}
		}
		return number
	}
	scraped(t, s)
	scraped(t, s)
	if times() != 1 {
		t.Fatalf("read %d times", times())
	}
	broker.answers["queues"] = page1(queueA + "," + queueB)
	scraped(t, s)
	if times() != 2 {
		t.Fatalf("read %d times", times())
	}
	s.topologyRead = time.Now().Add(-s.config.TopologyInterval)
	scraped(t, s)
	if times() != 3 {
		t.Fatalf("read %d times", times())
	}
}

func TestAFirstConsumerShowsAtOnceWhatQueuesAreFor(t *testing.T) {
	const held = `{"name": "h", "vhost": "/", "messages_ready": 7, "consumers": 0, "arguments":
		{"x-message-ttl": 5, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "w"}}`
	work := `{"name": "w", "vhost": "/", "messages_ready": 8, "consumers": %d}`
	broker := fakeBroker(held + "," + fmt.Sprintf(work, 0))
	s := scrapeOf(t, broker, nil)
	scraped(t, s)
	broker.answers["queues"] = page1(held + "," + fmt.Sprintf(work, 1))
	expect(t, scraped(t, s), map[string]int64{"message.current h retry / ready": 7, "message.current w work / ready": 8})
	// And it is not forgotten when the consumer is away.
	broker.answers["queues"] = page1(held + "," + fmt.Sprintf(work, 0))
	expect(t, scraped(t, s), map[string]int64{"message.current h retry / ready": 7, "message.current w work / ready": 8})
}

func TestAllPagesAreReadAndAQueueThatMovesCountsOnce(t *testing.T) {
	broker := fakeBroker("")
	broker.answers["queues?page=1"] = `{"items": [` + queueA + `,` + queueB + `], "page_count": 2}`
	broker.answers["queues?page=2"] = `{"items": [` + queueB + `,` + queueC + `], "page_count": 2}`
	found := scraped(t, scrapeOf(t, broker, nil))
	expect(t, found, map[string]int64{
		"message.current a work / ready": 1, "message.current b dead_letter / ready": 5, "message.current c work / ready": 6,
	})
}

func TestABrokerWithTooManyPagesIsSaid(t *testing.T) {
	broker := fakeBroker("")
	broker.answers["queues"] = fmt.Sprintf(`{"items": [], "page_count": %d}`, mostPages+1)
	found := scraped(t, scrapeOf(t, broker, nil))
	expect(t, found, map[string]int64{"reduse.rabbitmq.up too_large": 0})
}

func TestAnAnswerThatIsNoneIsMalformed(t *testing.T) {
	for _, answer := range []string{`<html>`, `[]`, `{"items": {}}`, `{"items": [`} {
		broker := fakeBroker("")
		broker.answers["queues"] = answer
		found := scraped(t, scrapeOf(t, broker, nil))
		expect(t, found, map[string]int64{"reduse.rabbitmq.up malformed": 0})
		if len(found) != 1 {
			t.Errorf("%s: %v", answer, found)
		}
	}
}

func TestNodesThatCannotBeReadAreSaidAndQueuesAreStillCounted(t *testing.T) {
	broker := fakeBroker(queueA)
	delete(broker.answers, "nodes")
	found := scraped(t, scrapeOf(t, broker, nil))
	expect(t, found, map[string]int64{
		"reduse.rabbitmq.readable nodes refused": 0, "message.current a work / ready": 1, "reduse.rabbitmq.up": 1,
	})
}

func TestVirtualHostsBeyondTheBoundAreThoseThatCanBeRead(t *testing.T) {
	broker := fakeBroker(queueA)
	found := scraped(t, scrapeOf(t, broker, func(c *Config) { c.MaxVHosts = 1 }))
	expect(t, found, map[string]int64{"reduse.rabbitmq.vhost.readable hidden": 0})
	expectNone(t, found, "reduse.rabbitmq.vhost.readable /")
}

func TestOnlyNamedVirtualHostsAreReadAndOneThatIsNotThereIsSaid(t *testing.T) {
	elsewhere := strings.ReplaceAll(queueC, `"vhost": "/"`, `"vhost": "other"`)
	broker := fakeBroker(queueA + "," + queueB + "," + elsewhere)
	s := scrapeOf(t, broker, func(c *Config) { c.VHosts = []string{"/", "gone", "/"} })
	for range 2 {
		found := scraped(t, s)
		expect(t, found, map[string]int64{
			"message.current a work / ready": 1, "message.current b dead_letter / ready": 5,
			"reduse.rabbitmq.vhost.readable /": 1, "reduse.rabbitmq.vhost.readable gone": 0,
		})
		expectNone(t, found, "message.current c")
		expectNone(t, found, "reduse.rabbitmq.vhost.readable hidden")
	}
}

func TestAPasswordIsReadFromItsFileForEachScrape(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	broker := fakeBroker(queueA)
	s := scrapeOf(t, broker, func(c *Config) { c.PasswordFile = file })
	expect(t, scraped(t, s), map[string]int64{"reduse.rabbitmq.up no_password": 0})
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, scraped(t, s), map[string]int64{"reduse.rabbitmq.up": 1})
	if broker.password != "secret" {
		t.Fatalf("%q", broker.password)
	}
}

func TestSettingsThatCannotBeUsedAreNamed(t *testing.T) {
	for setting, change := range map[string]func(*Config){
		"endpoint":            func(c *Config) { c.Endpoint = "127.0.0.1:15672" },
		"username":            func(c *Config) { c.Username = "" },
		"service":             func(c *Config) { c.Service = "" },
		"max_queues":          func(c *Config) { c.MaxQueues = 0 },
		"topology_interval":   func(c *Config) { c.TopologyInterval = 0 },
		"timeout":             func(c *Config) { c.Timeout = 0 },
		"password_file":       func(c *Config) { c.Password, c.PasswordFile = "x", "/y" },
		"dead_letter_queues":  func(c *Config) { c.DeadLetterQueues = []string{"("} },
		"work_queues":         func(c *Config) { c.WorkQueues = []string{"["} },
		"consumerless_queues": func(c *Config) { c.ConsumerlessQueues = []string{"*"} },
	} {
		config := defaultConfig().(*Config)
		config.Endpoint, config.Username = "http://127.0.0.1:15672", "monitoring"
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		change(config)
		if err := config.Validate(); err == nil || !strings.HasPrefix(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
