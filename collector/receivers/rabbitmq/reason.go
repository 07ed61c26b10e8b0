package rabbitmq

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

	"reduse/collector/receivers/internal/secret"
)

// The reasons why a broker, or a part of what it knows, could not be read: there are no others.
const (
	ReasonUnreachable    = "unreachable"
	ReasonTimeout        = "timeout"
	ReasonAuthentication = "authentication"
	// ReasonNoPassword means that the file with the password cannot be read.
	ReasonNoPassword = "no_password"
	ReasonPermission = "permission"
	ReasonTLS        = "tls"
	// ReasonTooLarge means that an answer was larger than max_response_bytes, or that there are too many pages.
	ReasonTooLarge = "too_large"
	// ReasonMalformed means that an answer was not as the API's documentation has it.
	ReasonMalformed = "malformed"
	// ReasonRefused means any other answer than 200.
	ReasonRefused = "refused"
	// ReasonStatisticsDisabled means that the broker is configured to know no consumers, counters and nodes.
	ReasonStatisticsDisabled = "statistics_disabled"
)

// reasonOf puts an error into one of the reasons.
func reasonOf(err error) string {
	var no *refusal
	var network net.Error
	var wrong *malformed
	switch {
	case errors.As(err, &no):
		return reasonOfRefusal(no)
	case errors.Is(err, secret.ErrUnreadable):
		return ReasonNoPassword
	case errors.Is(err, errTooLarge):
		return ReasonTooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ReasonTimeout
	case isOfTLS(err):
		return ReasonTLS
	case errors.As(err, &wrong):
		return ReasonMalformed
	}
	return ReasonUnreachable
}

func reasonOfRefusal(no *refusal) string {
	switch {
	case no.status == http.StatusForbidden, no.status == http.StatusUnauthorized && no.unauthorised:
		return ReasonPermission
	case no.status == http.StatusUnauthorized:
		return ReasonAuthentication
	}
	return ReasonRefused
}

func isOfTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &certificate) || errors.As(err, &alert) || errors.As(err, &record) ||
		errors.As(err, &authority) || errors.Is(err, http.ErrSchemeMismatch)
}
