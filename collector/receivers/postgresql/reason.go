package postgresql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"reduse/collector/receivers/internal/secret"
)

// The reasons why an instance could not be read: there are no others.
const (
	// ReasonExhausted means that all connections are taken that the role may use.
	ReasonExhausted = "exhausted"
	// ReasonRoleLimit and ReasonDatabaseLimit mean that the role's or the database's own limit is reached.
	ReasonRoleLimit      = "role_limit"
	ReasonDatabaseLimit  = "database_limit"
	ReasonAuthentication = "authentication"
	// ReasonNoPassword means that the file with the password cannot be read.
	ReasonNoPassword = "no_password"
	ReasonPermission = "permission"
	// ReasonNoDatabase means that the database to connect to does not exist.
	ReasonNoDatabase = "no_database"
	// ReasonNotReady means that the instance starts, stops or recovers.
	ReasonNotReady    = "not_ready"
	ReasonUnreachable = "unreachable"
	ReasonTimeout     = "timeout"
	ReasonTLS         = "tls"
	// ReasonPooler means that a pooler in between does not take what a session is to be set to.
	ReasonPooler = "pooler"
	ReasonOther  = "other"
)

// ofState are SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
var ofState = map[string]string{
	"3D000": ReasonNoDatabase,
	"42501": ReasonPermission,
	"57014": ReasonTimeout,
	"55P03": ReasonTimeout,
	"57P01": ReasonNotReady,
	"57P02": ReasonNotReady,
	"57P03": ReasonNotReady,
}

// reasonOf puts an error into one of the reasons.
func reasonOf(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return reasonOfRefusal(refused)
	}
	if errors.Is(err, secret.ErrUnreadable) {
		return ReasonNoPassword
	}
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &certificate) || errors.As(err, &alert) || errors.As(err, &record) ||
		errors.As(err, &authority) || strings.Contains(err.Error(), "refused TLS connection") {
		return ReasonTLS
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return ReasonTimeout
	}
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return ReasonOther
	}
	// What is left is of the network: refused, reset, closed, an unknown host.
	return ReasonUnreachable
}

func reasonOfRefusal(refused *pgconn.PgError) string {
	if reason, known := ofState[refused.Code]; known {
		return reason
	}
	switch {
	case refused.Code == "53300":
		// One code for three limits; the message is translated, the name of the server's function is not.
		switch refused.Routine {
		case "InitializeSessionUserId":
			return ReasonRoleLimit
		case "CheckMyDatabase":
			return ReasonDatabaseLimit
		}
		return ReasonExhausted
	case strings.Contains(refused.Message, "unsupported startup parameter"):
		return ReasonPooler
	case strings.HasPrefix(refused.Code, "28"):
		return ReasonAuthentication
	}
	return ReasonOther
}
