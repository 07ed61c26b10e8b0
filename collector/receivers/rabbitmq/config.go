// Package rabbitmq is a receiver of RabbitMQ's queues and nodes, from its management API.
package rabbitmq

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/scraper/scraperhelper"

	"reduse/collector/receivers/internal/secret"
)

const (
	// DefaultMaxQueues is how many queues of a broker get points of their own.
	DefaultMaxQueues = 2_000
	// DefaultMaxVHosts is how many virtual hosts are told to be readable or not.
	DefaultMaxVHosts = 200
	// DefaultMaxResponseBytes is of one answer of the management API.
	DefaultMaxResponseBytes = 32 << 20
	// DefaultDeadLetterQueues is for those that no dead-letter exchange feeds: consumers publish to them by themselves.
	DefaultDeadLetterQueues = `(?i)(^|[-._:/])(dlq|dead[-._]?letters?)$`
)

// Config is the receiver's settings.
type Config struct {
	scraperhelper.ControllerConfig `mapstructure:",squash"`

	// Endpoint is the URL of the management API, without `/api`.
	Endpoint string `mapstructure:"endpoint"`
	Username string `mapstructure:"username"`
	// Password is given by itself, or PasswordFile has it and nothing else.
	Password     configopaque.String    `mapstructure:"password"`
	PasswordFile string                 `mapstructure:"password_file"`
	TLS          configtls.ClientConfig `mapstructure:"tls"`

	// Service and Instance are service.name and service.instance.id of what is read. Instance is the endpoint's HOST:PORT
	// if not given.
	Service  string `mapstructure:"service"`
	Instance string `mapstructure:"instance"`

	// VHosts are the names of the virtual hosts that are read; all that the user may see when none is given.
	VHosts []string `mapstructure:"vhosts"`

	// DeadLetterQueues, RetryQueues and WorkQueues are patterns of the names of queues that are this whatever the broker's
	// topology says.
	DeadLetterQueues []string `mapstructure:"dead_letter_queues"`
	RetryQueues      []string `mapstructure:"retry_queues"`
	WorkQueues       []string `mapstructure:"work_queues"`
	// ConsumerlessQueues are patterns of the names of queues that would be of work, and that nobody has to consume all the
	// time, such as those that are emptied once a night.
	ConsumerlessQueues []string `mapstructure:"consumerless_queues"`

	// TopologyInterval is after how long exchanges, bindings and policies are read again at the latest. They are read at
	// once when a queue comes or goes.
	TopologyInterval time.Duration `mapstructure:"topology_interval"`

	// MaxQueues get points of their own, in the order of their names; of the others the messages are summed.
	MaxQueues        int   `mapstructure:"max_queues"`
	MaxVHosts        int   `mapstructure:"max_vhosts"`
	MaxResponseBytes int64 `mapstructure:"max_response_bytes"`
}

func defaultConfig() component.Config {
	config := &Config{
		ControllerConfig: scraperhelper.NewDefaultControllerConfig(),
		Service:          "rabbitmq",
		DeadLetterQueues: []string{DefaultDeadLetterQueues},
		TopologyInterval: 30 * time.Second,
		MaxQueues:        DefaultMaxQueues,
		MaxVHosts:        DefaultMaxVHosts,
		MaxResponseBytes: DefaultMaxResponseBytes,
	}
	config.CollectionInterval = 5 * time.Second
	config.Timeout = 4 * time.Second
	return config
}

func (c *Config) password() secret.Password {
	return secret.Password{Text: c.Password, File: c.PasswordFile}
}

// Validate says which settings cannot be used.
func (c *Config) Validate() error {
	var errs []error
	if address, err := url.Parse(c.Endpoint); err != nil || address.Host == "" ||
		address.Scheme != "http" && address.Scheme != "https" {
		errs = append(errs, fmt.Errorf("endpoint: %q is no URL of a management API, such as http://HOST:15672", c.Endpoint))
	}
	if c.Username == "" {
		errs = append(errs, errors.New("username: name a user with the tag monitoring"))
	}
	if c.Service == "" {
		errs = append(errs, errors.New("service: name the broker as dashboards shall, such as rabbitmq"))
	}
	if err := c.password().Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.MaxQueues < 1 || c.MaxVHosts < 1 || c.MaxResponseBytes < 1 {
		errs = append(errs, errors.New("max_queues, max_vhosts and max_response_bytes: each is at least one"))
	}
	if c.TopologyInterval <= 0 {
		errs = append(errs, errors.New("topology_interval: give a time, such as 30s"))
	}
	if c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout: give a time, shorter than collection_interval"))
	}
	_, err := newNames(c)
	return errors.Join(append(errs, err)...)
}

// names are the patterns of the settings.
type names struct {
	deadLetter, retry, work, consumerless []*regexp.Regexp
}

func newNames(c *Config) (names, error) {
	var errs []error
	compiled := func(setting string, patterns []string) (found []*regexp.Regexp) {
		for _, pattern := range patterns {
			expression, err := regexp.Compile(pattern)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", setting, err))
				continue
			}
			found = append(found, expression)
		}
		return found
	}
	return names{
		deadLetter:   compiled("dead_letter_queues", c.DeadLetterQueues),
		retry:        compiled("retry_queues", c.RetryQueues),
		work:         compiled("work_queues", c.WorkQueues),
		consumerless: compiled("consumerless_queues", c.ConsumerlessQueues),
	}, errors.Join(errs...)
}

func anyMatches(patterns []*regexp.Regexp, name string) bool {
	for _, pattern := range patterns {
		if pattern.MatchString(name) {
			return true
		}
	}
	return false
}
