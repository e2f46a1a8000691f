// This program is a client of sidekeyd on a MessagePack-RPC codec off the shelf,
// written from protocol/PROTOCOL.md and protocol/ENVELOPE.md alone.
//
// usage: client SOCKET SIDEKEY PROTOCOL.md
//
// SOCKET is that of an agent in --dev mode, SIDEKEY the command line program
// whose files are opened here. Prints a line for each check, then the counts.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/rpc"
	"os"

	"github.com/ugorji/go/codec"
)

const tenant = "go-interop"

var aad = []byte("bucket/object?versionId=7")

func random(n int) []byte {
	bytes := make([]byte, n)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return bytes
}

func checkHello(client *rpc.Client) error {
	var hello helloResult
	if err := call(client, "hello", noParams{}, &hello); err != nil {
		return err
	}
	if hello.Protocol != 1 || hello.Limits["message"] != 262144 ||
		len(hello.Suites) != 2 || hello.Suites[1].Name != "x25519-hpke-aes256gcm" {
		return fmt.Errorf("%+v", hello)
	}
	return nil
}

func checkPubkey(client *rpc.Client) error {
	var key pubkeyResult
	if err := call(client, "pubkey", tenantParams{tenant}, &key); err != nil {
		return err
	}
	hash := sha256.Sum256(key.PublicKey)
	if len(key.PublicKey) != 32 || !bytes.Equal(key.KeyID, hash[:8]) {
		return fmt.Errorf("%+v", key)
	}
	return nil
}

// roundTrip encrypts and decrypts one value.
func roundTrip(client *rpc.Client, plaintext, aad []byte, suite interface{}) error {
	var sealed encryptResult
	params := encryptParams{tenant, plaintext, aad, suite, false}
	if err := call(client, "encrypt", params, &sealed); err != nil {
		return err
	}
	number := int(sealed.Ciphertext[4])
	var opened decryptResult
	err := call(client, "decrypt", decryptParams{tenant, sealed.Ciphertext, aad, number}, &opened)
	if err != nil {
		return err
	}
	if !bytes.Equal(opened.Plaintext, plaintext) || opened.Authenticated != (number == suiteHpke) {
		return fmt.Errorf("%d bytes in suite %d come back as others", len(plaintext), number)
	}
	return nil
}

// checkValues has lengths on both sides of each form of str and bin, bytes that
// are no UTF-8, and the suite as number and as name.
func checkValues(client *rpc.Client) error {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	values := [][]byte{{}, every, {0xff, 0xfe, 0xc0}}
	for _, n := range []int{31, 32, 255, 256, 16384, 65535, 65536} {
		values = append(values, random(n))
	}
	for _, value := range values {
		for _, suite := range []interface{}{nil, 1, 2, "x25519-hpke-aes256gcm"} {
			if err := roundTrip(client, value, nil, suite); err != nil {
				return err
			}
			if err := roundTrip(client, value, aad, suite); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkErrors has one request for each code; the connection goes on after each.
func checkErrors(client *rpc.Client) error {
	var sealed encryptResult
	err := call(client, "encrypt", encryptParams{tenant, []byte("text"), aad, nil, false}, &sealed)
	if err != nil {
		return err
	}
	envelope := sealed.Ciphertext
	changed := append([]byte{}, envelope...)
	changed[len(changed)-1] ^= 1
	requests := []struct {
		what, method string
		params       interface{}
		code         string
	}{
		{"unknown suite", "encrypt", encryptParams{tenant, []byte{1}, nil, 99, false}, "UNIMPLEMENTED"},
		{"unknown suite by name", "encrypt", encryptParams{tenant, []byte{1}, nil, "rot13", false}, "UNIMPLEMENTED"},
		{"unknown method", "no_such", noParams{}, "UNIMPLEMENTED"},
		{"wrong tenant", "decrypt", decryptParams{"somebody-else", envelope, aad, suiteHpke}, "NOT_FOUND"},
		{"no tenant id", "pubkey", tenantParams{"two words"}, "INVALID_ARGUMENT"},
		{"unknown parameter", "pubkey", map[string]string{"tenant": tenant, "tenat": ""}, "INVALID_ARGUMENT"},
		{"missing parameter", "pubkey", noParams{}, "INVALID_ARGUMENT"},
		{"nil for bytes", "encrypt", encryptParams{tenant, nil, nil, nil, false}, "INVALID_ARGUMENT"},
		{"no map", "pubkey", tenant, "INVALID_ARGUMENT"},
		{"raw suite 2", "encrypt", encryptParams{tenant, []byte{1}, nil, 2, true}, "INVALID_ARGUMENT"},
		{"other suite demanded", "decrypt", decryptParams{tenant, envelope, aad, suiteCtr}, "INVALID_ARGUMENT"},
		{"wrong aad", "decrypt", decryptParams{tenant, envelope, nil, suiteHpke}, "DATA_LOSS"},
		{"changed", "decrypt", decryptParams{tenant, changed, aad, suiteHpke}, "DATA_LOSS"},
		{"payload too large", "encrypt", encryptParams{tenant, make([]byte, 65537), nil, nil, false}, "RESOURCE_EXHAUSTED"},
	}
	for _, r := range requests {
		err := call(client, r.method, r.params, &noResult{})
		if _, ok := err.(rpc.ServerError); !ok {
			return fmt.Errorf("%s: not an answer of the agent: %v", r.what, err)
		}
		if err := wantCode(err, r.code); err != nil {
			return fmt.Errorf("%s: %v", r.what, err)
		}
	}
	return roundTrip(client, []byte("still there"), aad, nil)
}

// checkConcurrency has many calls under way on one connection.
func checkConcurrency(client *rpc.Client) error {
	const callers, rounds = 16, 8
	done := make(chan error, callers)
	for i := 0; i < callers; i++ {
		go func(i int) {
			var err error
			for n := 0; n < rounds && err == nil; n++ {
				err = roundTrip(client, random(1+i*997), random(8), nil)
			}
			done <- err
		}(i)
	}
	var first error
	for i := 0; i < callers; i++ {
		if err := <-done; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// checkPipeline asks 100 questions before it looks at an answer.
func checkPipeline(client *rpc.Client) error {
	var calls []*rpc.Call
	for i := 0; i < 100; i++ {
		params := encryptParams{tenant, []byte{byte(i)}, nil, suiteHpke, false}
		calls = append(calls, client.Go("encrypt", params, &encryptResult{}, nil))
	}
	for i, c := range calls {
		if <-c.Done; c.Error != nil {
			return c.Error
		}
		var opened decryptResult
		sealed := c.Reply.(*encryptResult).Ciphertext
		err := call(client, "decrypt", decryptParams{tenant, sealed, nil, suiteHpke}, &opened)
		if err != nil || !bytes.Equal(opened.Plaintext, []byte{byte(i)}) {
			return fmt.Errorf("question %d: %v %x", i, err, opened.Plaintext)
		}
	}
	return nil
}

// checkWatch reads a notification. net/rpc has none, so that the messages are
// made here, with the same library; it reads an array into a struct by order.
func checkWatch(client *rpc.Client, socket string, handle *codec.MsgpackHandle) error {
	conn, err := connect(socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	fresh := fmt.Sprintf("go-interop-%x", random(8))
	request := []interface{}{0, 7, "watch", []interface{}{noParams{}}}
	if err := codec.NewEncoder(conn, handle).Encode(request); err != nil {
		return err
	}
	var response struct {
		Type   int
		Msgid  uint32
		Error  string
		Result noResult
	}
	decoder := codec.NewDecoder(conn, handle)
	if err := decoder.Decode(&response); err != nil {
		return err
	}
	if response.Type != 1 || response.Msgid != 7 || response.Error != "" {
		return fmt.Errorf("answer to watch: %+v", response)
	}
	var key pubkeyResult
	if err := call(client, "pubkey", tenantParams{fresh}, &key); err != nil {
		return err
	}
	for {
		var notice struct {
			Type   int
			Method string
			Params []change
		}
		if err := decoder.Decode(&notice); err != nil {
			return err
		}
		if notice.Type != 2 || notice.Method != "changed" {
			return fmt.Errorf("notification: %+v", notice)
		}
		for _, change := range notice.Params {
			if change.Tenant == fresh && bytes.Equal(change.KeyID, key.KeyID) {
				return nil
			}
		}
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: client SOCKET SIDEKEY PROTOCOL.md")
		os.Exit(2)
	}
	socket, sidekey, document := os.Args[1], os.Args[2], os.Args[3]
	passed, failed := 0, 0
	check := func(sentence string, err error) {
		if err != nil {
			fmt.Printf("FAIL: %s: %v\n", sentence, err)
			failed++
			return
		}
		fmt.Println("ok: " + sentence)
		passed++
	}
	check("the codec says and reads the document's examples", checkDocument(document))
	handles := []*codec.MsgpackHandle{newFormat(), asItComes()}
	for i, name := range []string{"new format", "as it comes"} {
		handle := handles[i]
		client, err := dial(socket, handle)
		if err != nil {
			check(name+": a connection", err)
			continue
		}
		check(name+": hello", checkHello(client))
		check(name+": the key id is of the public key", checkPubkey(client))
		check(name+": values come back as they went", checkValues(client))
		check(name+": errors have their codes", checkErrors(client))
		check(name+": callers share a connection", checkConcurrency(client))
		check(name+": questions go ahead of answers", checkPipeline(client))
		check(name+": a watcher hears of a new key", checkWatch(client, socket, handle))
		check(name+": files of the command line open", checkFiles(client, socket, sidekey))
		check(name+": chunks open alone, also rewrapped", checkRange(client, socket, sidekey))
		check(name+": damage is refused", checkDamage(client, socket, sidekey))
		client.Close()
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
