package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"strings"

	"github.com/ugorji/go/codec"
)

// The two tenants of the examples in PROTOCOL.md.
const (
	firstTenant  = "67f1adf3-08e5-4eea-94e3-e611f263c87b"
	secondTenant = "0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d"
)

// examples are the ```hex blocks of PROTOCOL.md by their titles.
type examples map[string][]byte

func readExamples(path string) (examples, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := examples{}
	for _, block := range strings.Split(string(text), "```hex ")[1:] {
		body := strings.SplitN(strings.SplitN(block, "```", 2)[0], "\n", 2)
		raw, err := hex.DecodeString(strings.Join(strings.Fields(body[1]), ""))
		if err != nil {
			return nil, fmt.Errorf("example %q: %v", body[0], err)
		}
		found[body[0]] = raw
	}
	return found, nil
}

// cut is the part of an example at an offset from a name in it.
func (e examples) cut(title, after string, skip, length int) []byte {
	at := bytes.Index(e[title], []byte(after)) + len(after) + skip
	return e[title][at : at+length]
}

// playAgent expects the document's requests and gives its answers.
func playAgent(conn net.Conn, questions, answers [][]byte, ret chan<- error) {
	var wrong error
	for i, want := range questions {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil {
			wrong = fmt.Errorf("question %d: %v", i, err)
			break
		}
		if !bytes.Equal(got, want) {
			wrong = fmt.Errorf("question %d\ngot  %x\nwant %x", i, got, want)
			break
		}
		if _, err := conn.Write(answers[i]); err != nil {
			wrong = err
			break
		}
	}
	conn.Close()
	ret <- wrong
}

// checkDocument holds the conversation of PROTOCOL.md section 11 without an
// agent: what the codec sends is the document's request, byte for byte, and
// what it reads from the document's answer is what the document says.
func checkDocument(path string) error {
	doc, err := readExamples(path)
	if err != nil {
		return err
	}
	envelope := doc.cut("request decrypt", "ciphertext", 2, 185)
	aad := []byte("bucket/object?versionId=7")
	plaintext := make([]byte, 17)
	for i := range plaintext {
		plaintext[i] = byte(31*i + 7)
	}
	var (
		opened decryptResult
		key    unwrapResult
		public pubkeyResult
		page   pageResult
		status statusResult
		hello  helloResult
	)
	// The order of the methods is that of their msgids, from 0.
	calls := []struct {
		method         string
		params, result interface{}
	}{
		{"hello", noParams{}, &hello},
		{"pubkey", tenantParams{firstTenant}, &public},
		{"encrypt", encryptParams{firstTenant, plaintext, aad, suiteHpke, false}, &encryptResult{}},
		{"decrypt", decryptParams{firstTenant, envelope, aad, suiteHpke}, &opened},
		{"unwrap", headerParams{firstTenant, envelope[:hpkeHeaderLen], suiteHpke}, &key},
		{"rewrap", headerParams{secondTenant, doc.cut("request rewrap", "header", 2, hpkeHeaderLen), 0}, &rewrapResult{}},
		{"watch", watchParams{[]string{firstTenant, secondTenant}}, &noResult{}},
		{"tenants", pageParams{firstTenant}, &page},
		{"status", noParams{}, &status},
		{"refresh", refreshParams{true}, &noResult{}},
		{"forget", tenantParams{secondTenant}, &noResult{}},
	}
	var questions, answers [][]byte
	for _, c := range calls {
		questions = append(questions, doc["request "+c.method])
		answers = append(answers, doc["response "+c.method])
	}
	ours, theirs := net.Pipe()
	played := make(chan error, 1)
	go playAgent(theirs, questions, answers, played)
	client := rpc.NewClientWithCodec(codec.MsgpackSpecRpc.ClientCodec(ours, newFormat()))
	defer client.Close()
	for _, c := range calls {
		if err := client.Call(c.method, c.params, c.result); err != nil {
			return fmt.Errorf("%s: %v: %v", c.method, err, <-played)
		}
	}
	if err := <-played; err != nil {
		return err
	}
	byHand, err := openPayload(key.DataKey, aad, envelope[hpkeHeaderLen:])
	if err != nil {
		return err
	}
	switch {
	case hello.Protocol != 1 || len(hello.Suites) != 2 || hello.Limits["aad"] != 4096:
		return fmt.Errorf("hello: %+v", hello)
	case len(public.PublicKey) != 32 || len(public.KeyID) != 8:
		return fmt.Errorf("pubkey: %+v", public)
	case !bytes.Equal(opened.Plaintext, plaintext) || !opened.Authenticated:
		return fmt.Errorf("decrypt: %+v", opened)
	case !bytes.Equal(byHand, plaintext):
		return fmt.Errorf("opened by hand: %x", byHand)
	case len(page.Tenants) != 2 || page.Tenants[1].KeyID != nil || page.Next != "":
		return fmt.Errorf("tenants: %+v", page)
	case status.Mode != "remote-multi-keys" || status.Tenants["active"] != 2:
		return fmt.Errorf("status: %+v", status)
	}
	return nil
}
