package main

import (
	"fmt"
	"math/rand"
	"net"
	"net/rpc"
	"strings"
	"time"

	"github.com/ugorji/go/codec"
)

const (
	patience   = 30 * time.Second // for one connection, start to end
	firstWait  = 50 * time.Millisecond
	longestNap = 2 * time.Second
	suiteHpke  = 2
	suiteCtr   = 1
)

// Parameters. The codec sends a struct as a map, and one argument as an array
// of one: what the protocol asks for. Optional members need omitempty, for nil
// is not "left out"; the plaintext must not have it, or an empty one is gone.
type (
	noParams     struct{}
	tenantParams struct {
		Tenant string `codec:"tenant"`
	}
	encryptParams struct {
		Tenant    string      `codec:"tenant"`
		Plaintext []byte      `codec:"plaintext"`
		Aad       []byte      `codec:"aad,omitempty"`
		Suite     interface{} `codec:"suite,omitempty"` // number or name
		Raw       bool        `codec:"raw,omitempty"`
	}
	decryptParams struct {
		Tenant     string `codec:"tenant"`
		Ciphertext []byte `codec:"ciphertext"`
		Aad        []byte `codec:"aad,omitempty"`
		Suite      int    `codec:"suite,omitempty"`
	}
	headerParams struct { // unwrap, rewrap
		Tenant string `codec:"tenant"`
		Header []byte `codec:"header"`
		Suite  int    `codec:"suite,omitempty"`
	}
	watchParams struct {
		Tenants []string `codec:"tenants,omitempty"`
	}
	pageParams struct {
		Cursor string `codec:"cursor,omitempty"`
	}
	refreshParams struct {
		AcceptRemovals bool `codec:"accept_removals,omitempty"`
	}
)

// Results. Members that are not named here are skipped.
type (
	noResult    struct{}
	helloResult struct {
		Protocol int    `codec:"protocol"`
		Agent    string `codec:"agent"`
		Suites   []struct {
			Number int    `codec:"number"`
			Name   string `codec:"name"`
		} `codec:"suites"`
		Limits map[string]int `codec:"limits"`
	}
	pubkeyResult struct {
		PublicKey  []byte `codec:"public_key"`
		KeyID      []byte `codec:"key_id"`
		Generation int    `codec:"generation"`
	}
	encryptResult struct {
		Ciphertext []byte `codec:"ciphertext"`
		KeyID      []byte `codec:"key_id"`
	}
	decryptResult struct {
		Plaintext     []byte `codec:"plaintext"`
		Authenticated bool   `codec:"authenticated"`
		KeyID         []byte `codec:"key_id"`
	}
	unwrapResult struct {
		DataKey []byte `codec:"data_key"`
		Suite   int    `codec:"suite"`
		KeyID   []byte `codec:"key_id"`
	}
	rewrapResult struct {
		Header []byte `codec:"header"`
		KeyID  []byte `codec:"key_id"`
	}
	pageResult struct {
		Tenants []struct {
			ID    string `codec:"id"`
			KeyID []byte `codec:"key_id"`
			State string `codec:"state"`
		} `codec:"tenants"`
		Next string `codec:"next"`
	}
	statusResult struct {
		Mode    string         `codec:"mode"`
		Tenants map[string]int `codec:"tenants"`
	}
	change struct {
		Tenant     string `codec:"tenant"`
		KeyID      []byte `codec:"key_id"`
		Generation int    `codec:"generation"`
	}
)

// newFormat writes str and bin as two types. With a writer's buffer the codec
// also reads through a buffer, and not byte by byte; ReaderBufferSize must stay
// 0, for the codec then loses answers that arrive together.
func newFormat() *codec.MsgpackHandle {
	handle := &codec.MsgpackHandle{WriteExt: true}
	handle.WriterBufferSize = 4096
	return handle
}

// asItComes is what most programs start with: bytes go out as str.
func asItComes() *codec.MsgpackHandle {
	return &codec.MsgpackHandle{}
}

// connect waits for an agent that is just starting.
func connect(socket string) (net.Conn, error) {
	end := time.Now().Add(patience)
	for wait := firstWait; ; wait = longer(wait) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			return conn, conn.SetDeadline(end)
		}
		if time.Now().After(end) {
			return nil, err
		}
		time.Sleep(wait)
	}
}

func longer(wait time.Duration) time.Duration {
	wait *= 2
	if wait > longestNap {
		wait = longestNap
	}
	return wait/2 + time.Duration(rand.Int63n(int64(wait)))
}

func dial(socket string, handle *codec.MsgpackHandle) (*rpc.Client, error) {
	conn, err := connect(socket)
	if err != nil {
		return nil, err
	}
	return rpc.NewClientWithCodec(codec.MsgpackSpecRpc.ClientCodec(conn, handle)), nil
}

// call asks again while the answer is UNAVAILABLE, as for a new tenant.
func call(client *rpc.Client, method string, params, result interface{}) error {
	end := time.Now().Add(patience)
	for wait := firstWait; ; wait = longer(wait) {
		err := client.Call(method, params, result)
		if codeOf(err) != "UNAVAILABLE" || time.Now().After(end) {
			return err
		}
		time.Sleep(wait)
	}
}

// codeOf is the CODE of "CODE: text", or of an error of our own.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return strings.SplitN(err.Error(), ":", 2)[0]
}

// wantCode is nil when err is of that code.
func wantCode(err error, code string) error {
	if codeOf(err) != code {
		return fmt.Errorf("got %q, want %s", fmt.Sprint(err), code)
	}
	return nil
}
