package postgresql

import "testing"

func TestANameIsReadable(t *testing.T) {
	for name, expected := range map[string]string{
		"orders":        "orders",
		"Архив":         "Архив",
		"caf\xe9":       `caf\xe9`,
		"\xd0":          `\xd0`,
		"\xef\xbf":      `\xef\xbf`,
		"a\uFFFDb":      "a\uFFFDb",
		"a\uFFFDb\xff":  "a\uFFFDb" + `\xff`,
		"\xe9 and \xe8": `\xe9 and \xe8`,
	} {
		if got := readable(name); got != expected {
			t.Errorf("%q, and not %q", got, expected)
		}
	}
}
