package postgresql

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// unconverted is the encoding in which a server converts nothing. Names of databases are of the whole instance, each in
// the encoding of the database in which somebody wrote it: one that the server cannot convert would fail the statement.
const unconverted = "SQL_ASCII"

// query calls scan for each row of a statement without arguments; those of pgx are in UTF-8 only.
func query(ctx context.Context, connection *pgx.Conn, statement string, scan func(row pgx.Rows) error) error {
	results := connection.PgConn().Exec(ctx, statement)
	for results.NextResult() {
		rows := pgx.RowsFromResultReader(connection.TypeMap(), results.ResultReader())
		for rows.Next() {
			if err := scan(rows); err != nil {
				rows.Close()
				_ = results.Close()
				return err
			}
		}
	}
	return results.Close()
}

// readable is a name with each byte that is not UTF-8 as `\xNN`: names that differ stay so.
func readable(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var made strings.Builder
	for len(name) > 0 {
		char, size := utf8.DecodeRuneInString(name)
		if char == utf8.RuneError && size == 1 {
			fmt.Fprintf(&made, `\x%02x`, name[0])
		} else {
			made.WriteRune(char)
		}
		name = name[size:]
	}
	return made.String()
}
