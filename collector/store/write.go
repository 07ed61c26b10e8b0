package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/translation"
)

const (
	// Of one request to the store.
	requestBytes = 2 << 20
	answerBytes  = 512
)

type verdict int

const (
	taken verdict = iota
	// refused for good: the same write would be refused again.
	refused
	// doubtful: the store failed. Prometheus 2 answers so to samples that it can never take, but also when it cannot
	// store anything.
	doubtful
	// unavailable: it may be taken later.
	unavailable
)

// answer is what the store said of a write.
type answer struct {
	verdict verdict
	detail  string
}

func (a answer) error() error { return fmt.Errorf("the store did not take it: %s", a.detail) }

// writer speaks Prometheus remote write 1.0.
type writer struct {
	endpoint string
	client   *http.Client
	// newest is the time up to which samples may be written, ms.
	newest  func() int64
	buffers sync.Pool
}

func newWriter(endpoint string, client *http.Client, newest func() int64) *writer {
	return &writer{
		endpoint: endpoint, client: client, newest: newest,
		buffers: sync.Pool{New: func() any { return new(buffers) }},
	}
}

// metrics writes all of a batch, in as many requests as it takes, and ends at the first that is not taken: to write
// something again does no harm.
func (w *writer) metrics(ctx context.Context, batch pmetric.Metrics) answer {
	series, err := translation.FromMetrics(batch)
	if err != nil {
		// Nothing else would count what the translation leaves out.
		return answer{refused, err.Error()}
	}
	var request prompb.WriteRequest
	size, newest := 0, w.newest()
	for _, each := range series {
		slices.SortFunc(each.Samples, func(a, b prompb.Sample) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		// One of the far future, whoever made it, would make all samples of everybody too old for the store.
		if count := len(each.Samples); count > 0 && each.Samples[count-1].Timestamp > newest {
			return answer{refused, "a sample from the future"}
		}
		request.Timeseries = append(request.Timeseries, *each)
		if size += each.Size(); size >= requestBytes {
			if got := w.send(ctx, &request); got.verdict != taken {
				return got
			}
			request.Timeseries, size = request.Timeseries[:0], 0
		}
	}
	if len(request.Timeseries) == 0 {
		return answer{verdict: taken}
	}
	return w.send(ctx, &request)
}

func (w *writer) send(ctx context.Context, write *prompb.WriteRequest) answer {
	used := w.buffers.Get().(*buffers)
	defer w.buffers.Put(used)
	body, err := used.encode(write)
	if err != nil {
		return answer{refused, err.Error()}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.endpoint, bytes.NewReader(body))
	if err != nil {
		return answer{unavailable, err.Error()}
	}
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	request.Header.Set("User-Agent", "reduse-gateway")
	response, err := w.client.Do(request)
	if err != nil {
		return answer{unavailable, w.plain(err)}
	}
	defer func() {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
		_ = response.Body.Close()
	}()
	text, _ := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	got := answer{verdictOf(response.StatusCode), fmt.Sprintf("%s: %s", response.Status, printable(string(text)))}
	if got.verdict == doubtful && failsItself(got.detail) {
		got.verdict = unavailable
	}
	return got
}

// failsItself says whether a failure of the store is one of its disk or memory and not of the data. A small write may
// still fit where a large one does not, so trying one would not tell.
func failsItself(text string) bool {
	for _, sign := range []string{
		"WAL", "no space left", "input/output error", "read-only file system", "quota exceeded",
		"too many open files", "cannot allocate memory",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// buffers are kept from one request to the next: each holds megabytes.
type buffers struct{ plain, packed []byte }

// encode gives the body of a request, which is valid until the next one is encoded.
func (b *buffers) encode(write *prompb.WriteRequest) ([]byte, error) {
	size := write.Size()
	b.plain = slices.Grow(b.plain[:0], size)[:size]
	count, err := write.MarshalToSizedBuffer(b.plain)
	if err != nil {
		return nil, err
	}
	b.packed = slices.Grow(b.packed[:0], snappy.MaxEncodedLen(count))
	return snappy.Encode(b.packed[:cap(b.packed)], b.plain[size-count:]), nil
}

// verdictOf: remote write 1.0, "Retries & Backoff". Wrong credentials or a wrong path are no fault of the data.
func verdictOf(status int) verdict {
	switch {
	case status/100 == 2:
		return taken
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge,
		status == http.StatusUnprocessableEntity:
		return refused
	case status == http.StatusInternalServerError:
		return doubtful
	}
	return unavailable
}

// plain is an error without the password that a URL may hold.
func (w *writer) plain(err error) string {
	if parsed, bad := url.Parse(w.endpoint); bad == nil && parsed.User != nil {
		return strings.ReplaceAll(err.Error(), w.endpoint, parsed.Redacted())
	}
	return err.Error()
}

// printable keeps what the store says of somebody's data to one line of a log.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
}
