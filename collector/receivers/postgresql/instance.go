package postgresql

import (
	"context"
	"crypto/tls"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"reduse/collector/receivers/internal/reading"
	"reduse/collector/receivers/internal/secret"
)

const (
	applicationName = "reduse-monitoring"
	closeTimeout    = time.Second
)

// instance holds one connection open, so that it can be read also when no more are taken.
type instance struct {
	settings *pgx.ConnConfig
	password secret.Password

	mutex      sync.Mutex
	connection *pgx.Conn
}

func newInstance(config *Config, tls *tls.Config) (*instance, error) {
	host, port, err := config.address()
	if err != nil {
		return nil, err
	}
	// Everything is given, so that no variable of the environment or file of a user has a say.
	settings, err := pgx.ParseConfig("host=localhost port=5432 user=x dbname=x sslmode=disable passfile=/dev/null")
	if err != nil {
		return nil, err
	}
	settings.Host, settings.Port = host, port
	settings.User, settings.Database = config.Username, config.Database
	settings.Fallbacks, settings.ConnectTimeout = nil, reading.Duration(config.Timeout)
	settings.TLSConfig = tls
	if tls != nil && tls.ServerName == "" {
		settings.TLSConfig = tls.Clone()
		settings.TLSConfig.ServerName = host
	}
	// A pooler in between may not keep prepared statements.
	settings.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	settings.RuntimeParams = map[string]string{
		"application_name":              applicationName,
		"client_encoding":               unconverted,
		"default_transaction_read_only": "on",
		// Ended by the server: ended from here, the connection would be lost, and perhaps not be had again.
		"statement_timeout": strconv.FormatInt(statementTimeout(config.Timeout).Milliseconds(), 10),
	}
	return &instance{settings: settings, password: config.password()}, nil
}

// statementTimeout leaves time for three statements in a scrape.
func statementTimeout(scrape time.Duration) time.Duration {
	return max(scrape*3/10, time.Millisecond)
}

// use calls read with the connection. A connection that was lost since the last scrape is made anew, once.
func (i *instance) use(ctx context.Context, read func(*pgx.Conn) error) error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	held := i.connection != nil && !i.connection.IsClosed()
	if !held {
		if err := i.connect(ctx); err != nil {
			return err
		}
	}
	err := read(i.connection)
	if err == nil || !held || !i.connection.IsClosed() || ctx.Err() != nil {
		return err
	}
	if err := i.connect(ctx); err != nil {
		return err
	}
	return read(i.connection)
}

func (i *instance) connect(ctx context.Context) error {
	settings := i.settings.Copy()
	var err error
	if settings.Password, err = i.password.Read(); err != nil {
		return err
	}
	connection, err := pgx.ConnectConfig(ctx, settings)
	if err != nil {
		return err
	}
	i.connection = connection
	return nil
}

func (i *instance) close(context.Context) error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.connection != nil {
		closeNow(i.connection.PgConn())
		i.connection = nil
	}
	return nil
}

func closeNow(connection *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = connection.Close(ctx)
}
