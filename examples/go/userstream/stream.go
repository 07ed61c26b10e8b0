// Package userstream sends the per-user stream of docs/wire.md by Go's standard library alone: OTLP over HTTP, protobuf
// written by hand.
package userstream

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	metric           = "reduse.user.request.duration"
	delta            = 1
	userLimit        = 50_000
	pointsInARequest = 20_000
	heldRequests     = 300
)

// UserHash is the first 16 hex digits of HMAC-SHA-256(key, user id).
func UserHash(key []byte, user string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))[:16]
}

type load struct {
	requests uint64
	seconds  float64
}

func (l *load) add(seconds float64) {
	l.requests++
	l.seconds += seconds
}

// Stream counts requests by user, and sends what was since the export before.
type Stream struct {
	url, service, instance string
	key                    []byte

	counting               sync.Mutex
	users                  map[string]*load
	unidentified, overflow load
	start                  uint64

	sending sync.Mutex
	// Encoded requests, unchanged until they have arrived: a repeat is then known for one.
	waiting [][]byte
}

// New makes a stream to an agent, for example http://127.0.0.1:4318. Its instance id is unique for each process.
func New(endpoint, service string, key []byte) *Stream {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	return &Stream{
		url: strings.TrimSuffix(endpoint, "/") + "/v1/metrics", service: service, instance: hex.EncodeToString(id),
		key: key, users: map[string]*load{}, start: uint64(time.Now().UnixNano()),
	}
}

// Record counts one request; user is empty when nobody was let in.
func (s *Stream) Record(user string, took time.Duration) {
	s.counting.Lock()
	defer s.counting.Unlock()
	counted := &s.unidentified
	if user != "" {
		if known, ok := s.users[user]; ok {
			counted = known
		} else if len(s.users) < userLimit {
			counted = &load{}
			s.users[user] = counted
		} else {
			counted = &s.overflow
		}
	}
	counted.add(took.Seconds())
}

// Export closes the interval, and sends it and what is still waiting, in order.
func (s *Stream) Export() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.waiting = append(s.waiting, s.close()...)
	if lost := len(s.waiting) - heldRequests; lost > 0 {
		log.Printf("the agent is away: %d requests of points are lost", lost)
		s.waiting = s.waiting[lost:]
	}
	for len(s.waiting) > 0 && s.send(s.waiting[0]) {
		s.waiting = s.waiting[1:]
	}
}

func (s *Stream) close() [][]byte {
	s.counting.Lock()
	defer s.counting.Unlock()
	end := uint64(time.Now().UnixNano())
	if end <= s.start {
		end = s.start + uint64(time.Millisecond)
	}
	points := make([][]byte, 0, len(s.users)+2)
	for user, counted := range s.users {
		points = append(points, point(s.start, end, *counted, text(1, "user.hash"), message(2, text(1, UserHash(s.key, user)))))
	}
	if s.overflow.requests > 0 {
		points = append(points, point(s.start, end, s.overflow, text(1, "otel.metric.overflow"), message(2, number(2, 1))))
	}
	// Always the last, even of no requests: with it the instance is complete up to end.
	points = append(points, point(s.start, end, s.unidentified))
	s.start, s.users, s.unidentified, s.overflow = end, map[string]*load{}, load{}, load{}

	var requests [][]byte
	for first := 0; first < len(points); first += pointsInARequest {
		requests = append(requests, s.request(points[first:min(first+pointsInARequest, len(points))]))
	}
	return requests
}

// send tells whether the request is done with: taken, or refused for good.
func (s *Stream) send(body []byte) bool {
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Post(s.url, "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	switch answer.StatusCode {
	case http.StatusOK:
		// Partial success: some points were refused, and sending them again would not help.
		if len(said) > 0 {
			log.Printf("refused: %q", said)
		}
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	default:
		log.Printf("%s answers %s", s.url, answer.Status)
	}
	return true
}

// opentelemetry-proto: the numbers of fields are those of metrics.proto, resource.proto and common.proto.
func (s *Stream) request(points [][]byte) []byte {
	resource := join(
		message(1, text(1, "service.name"), message(2, text(1, s.service))),
		message(1, text(1, "service.instance.id"), message(2, text(1, s.instance))),
	)
	histogram := join(join(points...), number(2, delta))
	metrics := message(2, text(1, metric), text(3, "s"), message(9, histogram))
	return message(1, message(1, resource), message(2, metrics))
}

func point(start, end uint64, counted load, attribute ...[]byte) []byte {
	content := join(
		fixed64(2, start), fixed64(3, end), fixed64(4, counted.requests), fixed64(5, math.Float64bits(counted.seconds)),
	)
	if len(attribute) > 0 {
		content = append(content, message(9, attribute...)...)
	}
	return message(1, content)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func text(field uint64, value string) []byte { return message(field, []byte(value)) }

func message(field uint64, parts ...[]byte) []byte {
	content := join(parts...)
	head := binary.AppendUvarint(binary.AppendUvarint(nil, field<<3|2), uint64(len(content)))
	return append(head, content...)
}

func number(field, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, field<<3), value)
}

func fixed64(field, value uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(nil, field<<3|1), value)
}
