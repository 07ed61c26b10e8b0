package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
)

const (
	// pageSize is the most that the API gives at once.
	pageSize = 500
	// mostPages bounds what is read of a broker without end: 50,000 queues.
	mostPages = 100
)

// basics are known whatever the broker's statistics are.
const basics = "name,vhost,type,arguments,exclusive,auto_delete,policy,operator_policy," +
	"messages_ready,messages_unacknowledged"

const statistics = basics + ",effective_policy_definition,consumers," +
	"message_stats.ack,message_stats.deliver,message_stats.publish"

// identity of a queue in a broker.
type identity struct{ vhost, name string }

// queue is what the API says of one.
type queue struct {
	Name            string   `json:"name"`
	VHost           string   `json:"vhost"`
	Type            string   `json:"type"`
	Arguments       table    `json:"arguments"`
	Exclusive       bool     `json:"exclusive"`
	AutoDelete      bool     `json:"auto_delete"`
	Policy          string   `json:"policy"`
	OperatorPolicy  string   `json:"operator_policy"`
	EffectivePolicy table    `json:"effective_policy_definition"`
	Ready           optional `json:"messages_ready"`
	Unacknowledged  optional `json:"messages_unacknowledged"`
	Consumers       optional `json:"consumers"`
	Statistics      struct {
		Acknowledged optional `json:"ack"`
		Delivered    optional `json:"deliver"`
		Published    optional `json:"publish"`
	} `json:"message_stats"`
}

func (q *queue) identity() identity { return identity{q.VHost, q.Name} }

type page struct {
	Items []queue `json:"items"`
	Pages int     `json:"page_count"`
}

// readQueues gives all queues that the user may see. Where statistics are disabled, the broker counts messages when it
// is asked to, and knows no consumers.
func readQueues(ctx context.Context, broker *management, disabled bool) ([]queue, error) {
	query := url.Values{"columns": {statistics}, "page_size": {strconv.Itoa(pageSize)}}
	if disabled {
		query = url.Values{
			"columns": {basics}, "page_size": {strconv.Itoa(pageSize)},
			"disable_stats": {"true"}, "enable_queue_totals": {"true"},
		}
	}
	var queues []queue
	seen := map[identity]bool{}
	for number, pages := 1, 1; number <= pages; number++ {
		if number > mostPages {
			return nil, fmt.Errorf("more than %d queues: %w", pageSize*mostPages, errTooLarge)
		}
		query.Set("page", strconv.Itoa(number))
		var found page
		err := broker.get(ctx, "queues", query, func(decoder *json.Decoder) error { return decoder.Decode(&found) })
		if err != nil {
			// A page that is there no longer, as queues went meanwhile, is answered with 400.
			if number > 1 && isBadRequest(err) {
				break
			}
			return nil, err
		}
		pages = found.Pages
		for _, each := range found.Items {
			// Queues that come and go meanwhile move others from page to page.
			if !seen[each.identity()] {
				seen[each.identity()] = true
				queues = append(queues, each)
			}
		}
	}
	return queues, nil
}

// readStatisticsDisabled asks whether the broker is configured to keep no statistics.
func readStatisticsDisabled(ctx context.Context, broker *management) (bool, error) {
	var overview struct {
		Disabled flag `json:"disable_stats"`
	}
	err := broker.get(ctx, "overview", url.Values{"columns": {"disable_stats"}},
		func(decoder *json.Decoder) error { return decoder.Decode(&overview) })
	return overview.Disabled.value == 1, err
}
