// Package signer stands in for that of Amazon MSK, which brings the SDK of AWS: with a Kafka of one's own the mechanisms
// are PLAIN and SCRAM.
package signer

import (
	"context"
	"errors"
)

var errAbsent = errors.New("this collector is built without AWS_MSK_IAM_OAUTHBEARER")

// GenerateAuthToken fails.
func GenerateAuthToken(context.Context, string) (token string, expires int64, err error) {
	return "", 0, errAbsent
}
