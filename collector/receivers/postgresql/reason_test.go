package postgresql

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestEveryErrorHasAReason(t *testing.T) {
	refused := func(code, routine string) error {
		return fmt.Errorf("connecting: %w", &pgconn.PgError{Code: code, Routine: routine, Message: "auf Deutsch"})
	}
	for _, each := range []struct {
		err    error
		reason string
	}{
		{refused("53300", "InitProcess"), ReasonExhausted},
		{refused("53300", "InitPostgres"), ReasonExhausted},
		{refused("53300", "InitializeSessionUserId"), ReasonRoleLimit},
		{refused("53300", "CheckMyDatabase"), ReasonDatabaseLimit},
		{refused("28P01", ""), ReasonAuthentication},
		{refused("28000", ""), ReasonAuthentication},
		{refused("42501", ""), ReasonPermission},
		{refused("3D000", ""), ReasonNoDatabase},
		{refused("57014", ""), ReasonTimeout},
		{refused("57P01", ""), ReasonNotReady},
		{refused("57P03", ""), ReasonNotReady},
		{refused("XX000", ""), ReasonOther},
		{&pgconn.PgError{Code: "08P01", Message: "unsupported startup parameter: statement_timeout"}, ReasonPooler},
		{fmt.Errorf("reading: %w", context.DeadlineExceeded), ReasonTimeout},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, ReasonUnreachable},
		{&net.DNSError{Err: "no such host", Name: "nowhere"}, ReasonUnreachable},
		{io.ErrUnexpectedEOF, ReasonUnreachable},
		{&tls.CertificateVerificationError{Err: errors.New("expired")}, ReasonTLS},
		{errors.New("tls error: server refused TLS connection"), ReasonTLS},
	} {
		if reason := reasonOf(each.err); reason != each.reason {
			t.Errorf("%v: %s instead of %s", each.err, reason, each.reason)
		}
	}
}
