package main

import (
	"bytes"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// sealFile has the command line program encrypt plaintext into a file.
func sealFile(sidekey, socket string, plaintext []byte, options ...string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "sealed")
	words := append([]string{"encrypt", "--socket", socket, "-o", path}, options...)
	command := exec.Command(sidekey, append(words, tenant)...)
	command.Stdin = bytes.NewReader(plaintext)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %s", err, said)
	}
	return os.ReadFile(path)
}

// checkFiles opens what `sidekey encrypt` wrote, with the agent's unwrap and
// nothing but the standard library.
func checkFiles(client *rpc.Client, socket, sidekey string) error {
	for _, n := range []int{0, 1, 16383, 16384, 16385, 32768, 1000000} {
		for suite := suiteCtr; suite <= suiteHpke; suite++ {
			plaintext := random(n)
			options := []string{"--suite", strconv.Itoa(suite)}
			if suite == suiteHpke {
				options = append(options, "--aad", string(aad))
			}
			envelope, err := sealFile(sidekey, socket, plaintext, options...)
			if err != nil {
				return err
			}
			opened, err := openEnvelope(unwrapOf(client, suite), suite, aad, envelope)
			if err != nil || !bytes.Equal(opened, plaintext) {
				return fmt.Errorf("%d bytes in suite %d: %v", n, suite, err)
			}
		}
	}
	return nil
}

func unwrapOf(client *rpc.Client, suite int) unwrapper {
	return func(header []byte) ([]byte, error) {
		var key unwrapResult
		err := call(client, "unwrap", headerParams{tenant, header, suite}, &key)
		if err == nil && key.Suite != suite {
			err = fmt.Errorf("key of suite %d", key.Suite)
		}
		return key.DataKey, err
	}
}

// checkRange reads the middle of a file, and the file after a rewrap.
func checkRange(client *rpc.Client, socket, sidekey string) error {
	plaintext := random(50000)
	envelope, err := sealFile(sidekey, socket, plaintext, "--aad", string(aad))
	if err != nil {
		return err
	}
	var moved rewrapResult
	params := headerParams{tenant, envelope[:hpkeHeaderLen], 0}
	if err := call(client, "rewrap", params, &moved); err != nil {
		return err
	}
	if len(moved.Header) != hpkeHeaderLen || bytes.Equal(moved.Header, envelope[:hpkeHeaderLen]) {
		return fmt.Errorf("rewrap: %x", moved.Header)
	}
	copy(envelope, moved.Header)
	key, err := unwrapOf(client, suiteHpke)(envelope[:hpkeHeaderLen])
	if err != nil {
		return err
	}
	for number := 3; number >= 0; number-- {
		chunk, err := readChunk(key, aad, envelope, number)
		end := (number + 1) * chunkLen
		if end > len(plaintext) {
			end = len(plaintext)
		}
		if err != nil || !bytes.Equal(chunk, plaintext[number*chunkLen:end]) {
			return fmt.Errorf("chunk %d: %v", number, err)
		}
	}
	return nil
}

// checkDamage refuses what was changed, cut or extended.
func checkDamage(client *rpc.Client, socket, sidekey string) error {
	envelope, err := sealFile(sidekey, socket, random(2*chunkLen), "--aad", string(aad))
	if err != nil {
		return err
	}
	unwrap := unwrapOf(client, suiteHpke)
	border := hpkeHeaderLen + saltLen + commitLen + chunkLen + tagLen
	damages := map[string]struct {
		envelope, aad []byte
		code          string
	}{
		"other aad":                {envelope, []byte("another"), "DATA_LOSS"},
		"cut at a chunk border":    {envelope[:border], aad, "DATA_LOSS"},
		"cut within a chunk":       {envelope[:border+5000], aad, "DATA_LOSS"},
		"without its last byte":    {envelope[:len(envelope)-1], aad, "DATA_LOSS"},
		"without a payload":        {envelope[:hpkeHeaderLen], aad, "DATA_LOSS"},
		"cut within the header":    {envelope[:hpkeHeaderLen-1], aad, "INVALID_ARGUMENT"},
		"extended":                 {append(append([]byte{}, envelope...), 0), aad, "DATA_LOSS"},
		"changed in its magic":     {flip(envelope, 0), aad, "INVALID_ARGUMENT"},
		"of another suite":         {flip(envelope, 4), aad, "UNIMPLEMENTED"},
		"changed in reserved":      {flip(envelope, 5), aad, "INVALID_ARGUMENT"},
		"of another key":           {flip(envelope, 8), aad, "NOT_FOUND"},
		"changed in enc":           {flip(envelope, 16), aad, "DATA_LOSS"},
		"changed in its data key":  {flip(envelope, 48), aad, "DATA_LOSS"},
		"changed in its salt":      {flip(envelope, 96), aad, "DATA_LOSS"},
		"changed in commitment":    {flip(envelope, 120), aad, "DATA_LOSS"},
		"changed in its chunk":     {flip(envelope, 152), aad, "DATA_LOSS"},
		"changed in its last byte": {flip(envelope, len(envelope)-1), aad, "DATA_LOSS"},
	}
	for what, damage := range damages {
		_, err := openEnvelope(unwrap, suiteHpke, damage.aad, damage.envelope)
		if err := wantCode(err, damage.code); err != nil {
			return fmt.Errorf("an envelope %s: %v", what, err)
		}
	}
	return nil
}

func flip(envelope []byte, at int) []byte {
	changed := append([]byte{}, envelope...)
	changed[at] ^= 1
	return changed
}
