// Package postgresql is a receiver of PostgreSQL's statistics: of all databases of an instance, over one connection.
package postgresql

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/scraper/scraperhelper"

	"reduse/collector/receivers/internal/secret"
)

// DefaultMaxDatabases is how many databases of an instance get points of their own.
const DefaultMaxDatabases = 200

// Config is the receiver's settings.
type Config struct {
	scraperhelper.ControllerConfig `mapstructure:",squash"`

	// Endpoint is HOST:PORT of the instance.
	Endpoint string `mapstructure:"endpoint"`
	Username string `mapstructure:"username"`
	// Password is given by itself, or PasswordFile has it and nothing else.
	Password     configopaque.String `mapstructure:"password"`
	PasswordFile string              `mapstructure:"password_file"`
	// Database is the one that is connected to; what is read is of all.
	Database string                 `mapstructure:"database"`
	TLS      configtls.ClientConfig `mapstructure:"tls"`

	// Service and Instance are service.name and service.instance.id of what is read. Instance is Endpoint if not given.
	Service  string `mapstructure:"service"`
	Instance string `mapstructure:"instance"`

	// Databases are those that get points of their own; all when there are none. Of these MaxDatabases do, the oldest first.
	// Connections and size of all others are summed: they are of the instance.
	Databases    []string `mapstructure:"databases"`
	MaxDatabases int      `mapstructure:"max_databases"`
}

func defaultConfig() component.Config {
	return &Config{
		ControllerConfig: scraperhelper.NewDefaultControllerConfig(),
		Database:         "postgres",
		Service:          "postgresql",
		MaxDatabases:     DefaultMaxDatabases,
	}
}

func (c *Config) password() secret.Password {
	return secret.Password{Text: c.Password, File: c.PasswordFile}
}

// address gives the host and port of the endpoint.
func (c *Config) address() (string, uint16, error) {
	host, text, err := net.SplitHostPort(c.Endpoint)
	port, wrong := strconv.ParseUint(text, 10, 16)
	if err != nil || wrong != nil || host == "" {
		return "", 0, fmt.Errorf("endpoint: %q is not HOST:PORT of a PostgreSQL instance", c.Endpoint)
	}
	return host, uint16(port), nil
}

// Validate says which settings cannot be used.
func (c *Config) Validate() error {
	var errs []error
	if _, _, err := c.address(); err != nil {
		errs = append(errs, err)
	}
	if c.Username == "" {
		errs = append(errs, errors.New("username: name the role that reads the statistics, a member of pg_monitor"))
	}
	if err := c.password().Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Database == "" {
		errs = append(errs, errors.New("database: name one that the role may connect to, such as postgres"))
	}
	if c.Service == "" {
		errs = append(errs, errors.New("service: name the database as dashboards shall, such as shop-db"))
	}
	if c.MaxDatabases < 1 {
		errs = append(errs, fmt.Errorf("max_databases: %d is less than one", c.MaxDatabases))
	}
	if c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout: give a time, shorter than collection_interval"))
	}
	return errors.Join(errs...)
}
