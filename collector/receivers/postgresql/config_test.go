package postgresql

import (
	"strings"
	"testing"
)

func TestSettingsThatCannotBeUsedAreNamed(t *testing.T) {
	good := func() *Config {
		config := NewFactory().CreateDefaultConfig().(*Config)
		config.Endpoint, config.Username = "127.0.0.1:5432", "monitoring"
		return config
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for setting, change := range map[string]func(*Config){
		"endpoint":      func(c *Config) { c.Endpoint = "http://x" },
		"username":      func(c *Config) { c.Username = "" },
		"password_file": func(c *Config) { c.Password, c.PasswordFile = "x", "/y" },
		"database":      func(c *Config) { c.Database = "" },
		"service":       func(c *Config) { c.Service = "" },
		"max_databases": func(c *Config) { c.MaxDatabases = 0 },
		"timeout":       func(c *Config) { c.Timeout = 0 },
	} {
		config := good()
		change(config)
		if err := config.Validate(); err == nil || !strings.HasPrefix(err.Error(), setting+":") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestTheEnvironmentHasNoSayInTheConnection(t *testing.T) {
	for name, value := range map[string]string{
		"PGHOST": "elsewhere", "PGUSER": "somebody", "PGDATABASE": "other", "PGSSLMODE": "verify-full", "PGOPTIONS": "-c x=y",
		"PGAPPNAME": "mine",
	} {
		t.Setenv(name, value)
	}
	config := NewFactory().CreateDefaultConfig().(*Config)
	config.Endpoint, config.Username = "127.0.0.1:5432", "monitoring"
	made, err := newInstance(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	settings := made.settings
	if settings.Host != "127.0.0.1" || settings.User != "monitoring" || settings.Database != "postgres" ||
		settings.TLSConfig != nil || len(settings.Fallbacks) != 0 || settings.RuntimeParams["options"] != "" ||
		settings.RuntimeParams["application_name"] != applicationName {
		t.Fatalf("%+v", settings)
	}
}
