package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func inFile(t *testing.T, content string) Password {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return Password{File: path}
}

func TestAPasswordIsWhatIsInTheFileBeforeTheEndOfTheLine(t *testing.T) {
	for content, want := range map[string]string{
		"secret\n": "secret", "secret\r\n": "secret", " a $$b ${env:HOME}: 'c' ": " a $$b ${env:HOME}: 'c' ", "007": "007",
	} {
		if got, err := inFile(t, content).Read(); err != nil || got != want {
			t.Errorf("%q: %q, %v", content, got, err)
		}
	}
}

func TestANewPasswordIsReadWhenItIsThere(t *testing.T) {
	password := inFile(t, "old")
	if err := os.WriteFile(password.File, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := password.Read(); got != "new" {
		t.Fatal(got)
	}
}

func TestAFileWithoutAPasswordIsAnErrorThatTellsNothingOfIt(t *testing.T) {
	long := strings.Repeat("x", longest+1)
	for _, password := range []Password{{File: t.TempDir()}, {File: "/nowhere"}, inFile(t, "\n"), inFile(t, long)} {
		got, err := password.Read()
		if !errors.Is(err, ErrUnreadable) || got != "" || strings.Contains(err.Error(), "xx") {
			t.Errorf("%+v: %q, %v", password, got, err)
		}
	}
}

func TestOneOfTextAndFileIsGiven(t *testing.T) {
	if err := (Password{Text: "x", File: "/y"}).Validate(); err == nil {
		t.Error("both are taken")
	}
	for _, password := range []Password{{}, {Text: "x"}, {File: "/y"}} {
		if err := password.Validate(); err != nil {
			t.Error(err)
		}
	}
	if got, err := (Password{Text: "x"}).Read(); got != "x" || err != nil {
		t.Error(got, err)
	}
}
