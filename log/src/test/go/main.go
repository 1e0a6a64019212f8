// Off-the-shelf readers, a writer and a witness for logs in C2SP tlog-tiles, for OffTheShelfTest:
//
//	fsck DIR VKEY              Tessera's fsck over a log's folder
//	read DIR VKEY              torchwood's client over a log's folder; prints how many entries it saw
//	proof FILE VKEY WITNESS HEX  torchwood's check of a tlog-proof, cosigned by WITNESS, for an entry
//	write DIR SIZE             Tessera makes a log in DIR, torchwood cosigns it and proves its entry 3
//	witness VKEY               serves C2SP tlog-witness until its input ends
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	args := os.Args[1:]
	var err error
	switch args[0] {
	case "fsck":
		err = check(args[1], args[2])
	case "read":
		err = read(args[1], args[2])
	case "proof":
		err = proof(args[1], args[2], args[3], args[4])
	case "write":
		err = write(args[1], args[2])
	case "witness":
		err = witness(args[1])
	default:
		err = fmt.Errorf("no command %q", args[0])
	}
	if err != nil {
		fmt.Println("FAILS", err)
		os.Exit(1)
	}
}

// policy asks for the log's origin and signature, and for those of witnesses.
func policy(log note.Verifier, witnesses ...note.Verifier) torchwood.Policy {
	all := []torchwood.Policy{torchwood.OriginPolicy(log.Name()), torchwood.SingleVerifierPolicy(log)}
	for _, w := range witnesses {
		all = append(all, torchwood.SingleVerifierPolicy(w))
	}
	return torchwood.ThresholdPolicy(len(all), all...)
}

func check(dir, vkey string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	hashes := func(bundle []byte) ([][]byte, error) {
		b := &api.EntryBundle{}
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var out [][]byte
		for _, e := range b.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, nil
	}
	f := fsck.New(v.Name(), v, &client.FileFetcher{Root: dir}, hashes, fsck.Opts{N: 2})
	if err := f.Check(context.Background()); err != nil {
		return err
	}
	fmt.Println("holds")
	return nil
}

func read(dir, vkey string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	c, _, err := torchwood.VerifyCheckpoint(signed, policy(v))
	if err != nil {
		return err
	}
	tiles, err := torchwood.NewTileFS(os.DirFS(dir))
	if err != nil {
		return err
	}
	cl, err := torchwood.NewClient(tiles)
	if err != nil {
		return err
	}
	count := 0
	for range cl.AllEntries(context.Background(), c.Tree, 0) {
		count++
	}
	if err := cl.Err(); err != nil {
		return err
	}
	fmt.Println("holds", count)
	return nil
}

func proof(file, vkey, wkey, entry string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	w, err := torchwood.NewCosignatureVerifier(wkey)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	leaf, err := hex.DecodeString(entry)
	if err != nil {
		return err
	}
	if err := torchwood.VerifyProof(policy(v, w), tlog.RecordHash(leaf), text); err != nil {
		return err
	}
	fmt.Println("holds")
	return nil
}

func write(dir, size string) error {
	ctx := context.Background()
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, "offtheshelf.example/log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(200*time.Millisecond).
		WithBatching(256, 50*time.Millisecond))
	if err != nil {
		return err
	}
	await := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	var last tessera.IndexFuture
	for i := range n {
		last = appender.Add(ctx, tessera.NewEntry([]byte(strings.Repeat("x", i*7)+fmt.Sprint(i))))
	}
	if _, _, err := await.Await(ctx, last); err != nil {
		return err
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return err
	}
	w, err := cosigner()
	if err != nil {
		return err
	}
	cosigned, err := note.Sign(opened, w)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), cosigned, 0o644); err != nil {
		return err
	}
	c, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return err
	}
	tiles, err := torchwood.NewTileFS(os.DirFS(dir))
	if err != nil {
		return err
	}
	cl, err := torchwood.NewClient(tiles)
	if err != nil {
		return err
	}
	entry, p, err := cl.Entry(ctx, c.Tree, 3)
	if err != nil {
		return err
	}
	text := torchwood.FormatProofWithExtraData(3, []byte("extra"), p, cosigned)
	if err := os.WriteFile(filepath.Join(dir, "third.tlog-proof"), text, 0o644); err != nil {
		return err
	}
	fmt.Println("vkey", vkey)
	fmt.Println("witness", w.Verifier().String())
	fmt.Println("entry", hex.EncodeToString(entry))
	return nil
}

func cosigner() (*torchwood.CosignatureSigner, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return torchwood.NewCosignatureSigner("offtheshelf.example/witness", key)
}

// witness keeps the newest checkpoint of one log in memory, and cosigns what extends it.
func witness(vkey string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	w, err := cosigner()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var latest tlog.Tree
	http.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		head, signed, found := bytes.Cut(body, []byte("\n\n"))
		if err != nil || !found {
			http.Error(rw, "bad", http.StatusBadRequest)
			return
		}
		lines := bufio.NewScanner(bytes.NewReader(head))
		lines.Scan()
		old, err := strconv.ParseInt(strings.TrimPrefix(lines.Text(), "old "), 10, 64)
		if err != nil {
			http.Error(rw, "bad", http.StatusBadRequest)
			return
		}
		var proof tlog.TreeProof
		for lines.Scan() {
			h, err := base64.StdEncoding.DecodeString(lines.Text())
			if err != nil || len(h) != tlog.HashSize {
				http.Error(rw, "bad", http.StatusBadRequest)
				return
			}
			proof = append(proof, tlog.Hash(h))
		}
		c, n, err := torchwood.VerifyCheckpoint(signed, policy(v))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusForbidden)
			return
		}
		if old != latest.N {
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			fmt.Fprintf(rw, "%d\n", latest.N)
			return
		}
		if old == 0 && len(proof) != 0 || old != 0 && tlog.CheckTree(proof, c.N, c.Hash, old, latest.Hash) != nil {
			http.Error(rw, "not a continuation", http.StatusUnprocessableEntity)
			return
		}
		latest = c.Tree
		cosigned, err := note.Sign(&note.Note{Text: n.Text}, w)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		rw.Write(cosigned[len(n.Text)+1:])
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%s http://%s\n", w.Verifier().String(), listener.Addr())
	go http.Serve(listener, nil)
	io.Copy(io.Discard, os.Stdin)
	return nil
}
