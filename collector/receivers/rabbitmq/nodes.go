package rabbitmq

import (
	"context"
	"encoding/json"
	"net/url"
)

// node is what the API says of one; one that does not run has a name only.
type node struct {
	Name          string   `json:"name"`
	DiskFree      optional `json:"disk_free"`
	DiskFreeLimit optional `json:"disk_free_limit"`
	DiskFreeAlarm flag     `json:"disk_free_alarm"`
	MemoryUsed    optional `json:"mem_used"`
	MemoryLimit   optional `json:"mem_limit"`
	MemoryAlarm   flag     `json:"mem_alarm"`
	FilesUsed     optional `json:"fd_used"`
	FilesTotal    optional `json:"fd_total"`
}

func readNodes(ctx context.Context, broker *management) (nodes []node, err error) {
	columns := "name,disk_free,disk_free_limit,disk_free_alarm,mem_used,mem_limit,mem_alarm,fd_used,fd_total"
	err = broker.get(ctx, "nodes", url.Values{"columns": {columns}}, func(decoder *json.Decoder) error {
		return elements(decoder, func(each node) { nodes = append(nodes, each) })
	})
	return nodes, err
}
