// Package secret reads passwords that are in files of their own.
package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"
)

const longest = 4096

// ErrUnreadable is of a file without a password that could be used.
var ErrUnreadable = errors.New("the password cannot be read")

// Password is given, or in a file. A file is read each time that it is needed: one that is not there yet costs only what
// is read by it, and not the start of the collector, and a new password takes no restart.
type Password struct {
	Text configopaque.String
	File string
}

// Validate says that both are given.
func (p Password) Validate() error {
	if p.Text != "" && p.File != "" {
		return errors.New("password_file: there is a password, too; give one of them")
	}
	return nil
}

// Read gives the password. Ends of lines after it are not part of it.
func (p Password) Read() (string, error) {
	if p.File == "" {
		return string(p.Text), nil
	}
	file, err := os.Open(p.File)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	defer file.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(io.LimitReader(file, longest+1))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" || len(content) > longest {
		return "", fmt.Errorf("%w: %s is empty, or longer than %d bytes", ErrUnreadable, p.File, longest)
	}
	return password, nil
}
