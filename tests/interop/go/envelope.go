package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// The numbers of ENVELOPE.md.
const (
	prefixLen     = 16
	ctrHeaderLen  = 48
	hpkeHeaderLen = 96
	saltLen       = 24
	commitLen     = 32
	tagLen        = 16
	chunkLen      = 16384
)

var (
	errInvalid       = errors.New("INVALID_ARGUMENT: not such an envelope")
	errUnimplemented = errors.New("UNIMPLEMENTED: suite")
	errDataLoss      = errors.New("DATA_LOSS: does not authenticate")
)

// unwrapper asks the agent for the key of one header.
type unwrapper func(header []byte) ([]byte, error)

// readHeader makes the checks of ENVELOPE.md section 3 that need no key.
func readHeader(envelope []byte, demanded int) ([]byte, error) {
	lengths := map[byte]int{suiteCtr: ctrHeaderLen, suiteHpke: hpkeHeaderLen}
	if len(envelope) < prefixLen || string(envelope[:4]) != "SKE1" {
		return nil, errInvalid
	}
	length, known := lengths[envelope[4]]
	if !known {
		return nil, errUnimplemented
	}
	if !bytes.Equal(envelope[5:8], make([]byte, 3)) ||
		int(envelope[4]) != demanded || len(envelope) < length {
		return nil, errInvalid
	}
	return envelope[:length], nil
}

func openEnvelope(unwrap unwrapper, demanded int, aad, envelope []byte) ([]byte, error) {
	header, err := readHeader(envelope, demanded)
	if err != nil {
		return nil, err
	}
	key, err := unwrap(header)
	if err != nil {
		return nil, err
	}
	if demanded == suiteCtr {
		return openStream(key, envelope[len(header):])
	}
	return openPayload(key, aad, envelope[len(header):])
}

func openStream(streamKey, ciphertext []byte) ([]byte, error) {
	block, err := aes.NewCipher(streamKey)
	if err != nil {
		return nil, err
	}
	plaintext := make([]byte, len(ciphertext))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(plaintext, ciphertext)
	return plaintext, nil
}

// expand is HKDF-Expand of RFC 5869 with SHA-512.
func expand(prk, info []byte, length int) []byte {
	var okm, block []byte
	for i := byte(1); len(okm) < length; i++ {
		mac := hmac.New(sha512.New, prk)
		mac.Write(block)
		mac.Write(info)
		mac.Write([]byte{i})
		block = mac.Sum(nil)
		okm = append(okm, block...)
	}
	return okm[:length]
}

type chunkKey struct {
	aead      cipher.AEAD
	baseNonce []byte
}

// newChunkKey derives the payload's values and compares the commitment.
func newChunkKey(dataKey, aad, payload []byte) (*chunkKey, error) {
	if len(payload) < saltLen+commitLen {
		return nil, errDataLoss
	}
	info := []byte("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00")
	info = append(info, payload[:saltLen]...)
	info = append(info, "sidekey/v1\x00"...)
	info = append(info, aad...)
	okm := expand(dataKey, info, 32+12+commitLen)
	if subtle.ConstantTimeCompare(okm[44:], payload[saltLen:saltLen+commitLen]) != 1 {
		return nil, errDataLoss
	}
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &chunkKey{aead, okm[32:44]}, err
}

func (key *chunkKey) open(number uint64, sealed []byte) ([]byte, error) {
	nonce := append([]byte{}, key.baseNonce...)
	low := nonce[4:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^number)
	plaintext, err := key.aead.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, errDataLoss
	}
	return plaintext, nil
}

// openPayload reads it whole, and so gives out nothing before the end is known.
func openPayload(dataKey, aad, payload []byte) ([]byte, error) {
	key, err := newChunkKey(dataKey, aad, payload)
	if err != nil {
		return nil, err
	}
	plaintext := []byte{}
	rest := payload[saltLen+commitLen:]
	for number := uint64(0); ; number++ {
		isLast := len(rest) < chunkLen+tagLen
		sealed := rest
		if !isLast {
			sealed = rest[:chunkLen+tagLen]
		} else if len(rest) < tagLen {
			return nil, errDataLoss // cut, at a border or elsewhere
		}
		chunk, err := key.open(number, sealed)
		if err != nil {
			return nil, err
		}
		plaintext = append(plaintext, chunk...)
		if isLast {
			return plaintext, nil
		}
		rest = rest[len(sealed):]
	}
}

// readChunk opens chunk number alone, without what lies before or behind it.
func readChunk(dataKey, aad, envelope []byte, number int) ([]byte, error) {
	start := hpkeHeaderLen + saltLen + commitLen
	key, err := newChunkKey(dataKey, aad, envelope[hpkeHeaderLen:start])
	if err != nil {
		return nil, err
	}
	begin := start + number*(chunkLen+tagLen)
	end := begin + chunkLen + tagLen
	if end > len(envelope) {
		end = len(envelope)
	}
	return key.open(uint64(number), envelope[begin:end])
}
