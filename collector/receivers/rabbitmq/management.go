package rabbitmq

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"reduse/collector/receivers/internal/secret"
)

// refusal is an answer that is none.
type refusal struct {
	status int
	text   string
	// unauthorised is RabbitMQ's word for a user that is known and may not.
	unauthorised bool
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the management API answers %d: %s", r.status, r.text)
}

var errTooLarge = errors.New("the answer is larger than max_response_bytes")

// malformed is an answer that cannot be understood.
type malformed struct{ cause error }

func (m *malformed) Error() string { return "the answer is not as expected: " + m.cause.Error() }
func (m *malformed) Unwrap() error { return m.cause }

// management asks a broker's management API.
type management struct {
	client   *http.Client
	base     string
	user     string
	password secret.Password
	most     int64
}

func newManagement(config *Config, tls *tls.Config) *management {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tls
	transport.MaxIdleConnsPerHost = 1
	return &management{
		client:   &http.Client{Transport: transport},
		base:     strings.TrimSuffix(config.Endpoint, "/"),
		user:     config.Username,
		password: config.password(),
		most:     config.MaxResponseBytes,
	}
}

// get asks for a path below `/api/`, and hands the answer to read.
func (m *management) get(ctx context.Context, path string, query url.Values, read func(*json.Decoder) error) error {
	address := m.base + "/api/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	password, err := m.password.Read()
	if err != nil {
		return err
	}
	request.SetBasicAuth(m.user, password)
	request.Header.Set("Accept", "application/json")
	answer, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return refused(answer)
	}
	body := &bounded{reader: answer.Body, left: m.most}
	if err := read(json.NewDecoder(body)); err != nil {
		if body.err != nil {
			return body.err
		}
		return &malformed{err}
	}
	return nil
}

func (m *management) close(context.Context) error {
	m.client.CloseIdleConnections()
	return nil
}

// refused keeps the beginning of what the API says: enough for a line in the log.
func refused(answer *http.Response) error {
	const enough = 300
	text, _ := io.ReadAll(io.LimitReader(answer.Body, enough))
	return &refusal{
		status: answer.StatusCode, text: string(text), unauthorised: strings.Contains(string(text), "not_authorised"),
	}
}

// bounded is a body that ends with an error where it is too long, and keeps the error of the network.
type bounded struct {
	reader io.Reader
	left   int64
	err    error
}

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		b.err = errTooLarge
		return 0, errTooLarge
	}
	if int64(len(into)) > b.left {
		into = into[:b.left]
	}
	n, err := b.reader.Read(into)
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
