// A service that says who sent how much. X-User stands for whatever your service has checked.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.org/userstream/userstream"
)

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func measured(stream *userstream.Stream, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		began, recorded := time.Now(), &recorder{writer, http.StatusOK}
		next.ServeHTTP(recorded, request)
		user := request.Header.Get("X-User")
		if recorded.status == http.StatusUnauthorized || recorded.status == http.StatusForbidden {
			user = ""
		}
		stream.Record(user, time.Since(began))
	})
}

func main() {
	key := strings.TrimSpace(os.Getenv("REDUSE_USER_HASH_KEY"))
	stream := userstream.New(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), os.Getenv("OTEL_SERVICE_NAME"), []byte(key))
	mux := http.NewServeMux()
	mux.HandleFunc("/refused", func(writer http.ResponseWriter, _ *http.Request) { writer.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/", func(writer http.ResponseWriter, _ *http.Request) { _, _ = writer.Write([]byte("ok\n")) })
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: measured(stream, mux), ReadHeaderTimeout: 5 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
			stream.Export()
		case <-ctx.Done():
		}
	}
	_ = server.Shutdown(context.Background())
	stream.Export()
}
