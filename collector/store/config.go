package store

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
)

// The stores that are known, and what tells them apart here: whether they take native histograms.
const (
	storePrometheus2     = "prometheus-2"
	storePrometheus3     = "prometheus-3"
	storeVictoriaMetrics = "victoriametrics"
)

// Config is the exporter's part of the gateway's configuration.
type Config struct {
	// HTTP is how the store is reached; its endpoint is the whole URL of remote write.
	HTTP confighttp.ClientConfig `mapstructure:"http"`
	// Store says which store it is: prometheus-2, prometheus-3 or victoriametrics. Only prometheus-3 is sent native
	// (exponential) histograms.
	Store string `mapstructure:"store"`
	// OldestSample is how old a sample may be. With NewestSample it has to stay below the store's out-of-order window.
	OldestSample time.Duration `mapstructure:"oldest_sample"`
	// NewestSample is how far ahead of this machine's clock a sample may be.
	NewestSample time.Duration `mapstructure:"newest_sample"`
	// SeriesLimit is how many series a service may have in the store at a time, all instances together.
	SeriesLimit int `mapstructure:"series_limit"`
	// SeriesLimits are limits of single services, by job.
	SeriesLimits map[string]int `mapstructure:"series_limits"`
	// ServicesLimit is how many services are told apart at a time.
	ServicesLimit int `mapstructure:"services_limit"`
	// StreamsLimit is how many streams of all services are remembered at a time, about 200 bytes each.
	StreamsLimit int `mapstructure:"streams_limit"`
	// Idle is how long a resource may be silent until its streams are forgotten.
	Idle time.Duration `mapstructure:"idle"`
	// Alertmanager is the base URL of the one that is told when the store takes nothing; empty for none.
	Alertmanager string `mapstructure:"alertmanager"`
	// Runbooks is the address of the runbooks, to which that alert links: `*` stands for the alert's name, which is
	// appended where there is no `*`.
	Runbooks string `mapstructure:"runbooks"`
	// Heartbeat is the time between two samples of the exporter's own.
	Heartbeat time.Duration `mapstructure:"heartbeat"`
	// Instance is the label `instance` of the heartbeat: which gateway it is.
	Instance string `mapstructure:"instance"`
}

func (c *Config) nativeHistograms() bool {
	return c.Store == storePrometheus3
}

// Validate is called by the collector before anything starts.
func (c *Config) Validate() error {
	var found []error
	if err := checkURL("http.endpoint", c.HTTP.Endpoint); err != nil {
		found = append(found, err)
	}
	if c.Alertmanager != "" {
		if err := checkURL("alertmanager", c.Alertmanager); err != nil {
			found = append(found, err)
		}
	}
	switch c.Store {
	case storePrometheus2, storePrometheus3, storeVictoriaMetrics:
	default:
		found = append(found, fmt.Errorf("store %q is not known: use %s, %s or %s",
			c.Store, storePrometheus2, storePrometheus3, storeVictoriaMetrics))
	}
	for name, value := range map[string]int{
		"series_limit": c.SeriesLimit, "services_limit": c.ServicesLimit, "streams_limit": c.StreamsLimit,
	} {
		if value < 1 {
			found = append(found, fmt.Errorf("%s is %d: it must be 1 or more", name, value))
		}
	}
	for job, limit := range c.SeriesLimits {
		if limit < 1 {
			found = append(found, fmt.Errorf("series_limits of %q is %d: it must be 1 or more", job, limit))
		}
	}
	for name, value := range map[string]time.Duration{
		"oldest_sample": c.OldestSample, "newest_sample": c.NewestSample, "idle": c.Idle, "heartbeat": c.Heartbeat,
	} {
		if value <= 0 {
			found = append(found, fmt.Errorf("%s is %s: it must be longer than nothing", name, value))
		}
	}
	return errors.Join(found...)
}

func checkURL(name, text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return fmt.Errorf("%s %q is not a URL of the form http://host:port/path", name, text)
	}
	return nil
}
