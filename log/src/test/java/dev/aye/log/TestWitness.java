package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * A witness as C2SP tlog-witness describes it, over HTTP on this machine, which can also be told to
 * misbehave. It uses nothing of the log's own code for cosigning, only for reading notes and
 * checking consistency proofs.
 */
final class TestWitness implements AutoCloseable {
  /** How it behaves. */
  enum Mood {
    HONEST,
    /** Takes the question and never answers. */
    SILENT,
    /** Answers with a signature by another key. */
    FORGING,
    /** Answers 200 with something that is no signature line. */
    BABBLING,
    /** Answers with bytes that never end. */
    ENDLESS,
    /** Says that it has seen far more than there is. */
    BOASTING,
    /** Names another size each time. */
    FICKLE,
    /** 404, 403 and 500. */
    STRANGER,
    CHOOSY,
    BROKEN
  }

  private final HttpServer server;
  private final KeyPair keys;
  private final KeyPair others;
  private final String name;
  private final LogVerifier log;
  private final CountDownLatch over = new CountDownLatch(1);
  private final List<Long> cosigned = new ArrayList<>();
  private Mood mood = Mood.HONEST;
  private Checkpoint latest;
  private int requests;

  TestWitness(String name, String logVkey) throws IOException, GeneralSecurityException {
    this.name = name;
    this.log = LogVerifier.of(logVkey).orElseThrow();
    this.keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    this.others = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/w/add-checkpoint", this::handle);
    server.start();
  }

  synchronized void be(Mood newMood) {
    mood = newMood;
  }

  /** Puts on the witness what it has seen elsewhere. */
  synchronized void seen(Checkpoint checkpoint) {
    latest = checkpoint;
  }

  synchronized List<Long> cosigned() {
    return List.copyOf(cosigned);
  }

  synchronized int requests() {
    return requests;
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/w");
  }

  Witness asked() {
    return Witness.read(vkey() + " " + url() + "/").orElseThrow();
  }

  WitnessKey key() {
    return asked().key();
  }

  String vkey() {
    byte[] spki = keys.getPublic().getEncoded();
    byte[] typed = new byte[33];
    typed[0] = 4;
    System.arraycopy(spki, spki.length - 32, typed, 1, 32);
    String id = java.util.HexFormat.of().formatHex(keyId());
    return name + "+" + id + "+" + Base64.getEncoder().encodeToString(typed);
  }

  private byte[] keyId() {
    byte[] spki = keys.getPublic().getEncoded();
    byte[] raw = Arrays.copyOfRange(spki, spki.length - 32, spki.length);
    return Arrays.copyOf(
        Hash.sha256((name + "\n").getBytes(UTF_8), new byte[] {4}, raw).bytes(), 4);
  }

  String cosign(String checkpointText, long seconds) {
    return cosign(checkpointText, seconds, keys);
  }

  private String cosign(String checkpointText, long seconds, KeyPair by) {
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initSign(by.getPrivate());
      ed25519.update(("cosignature/v1\ntime " + seconds + "\n" + checkpointText).getBytes(UTF_8));
      byte[] signature = ed25519.sign();
      byte[] blob =
          ByteBuffer.allocate(4 + 8 + 64).put(keyId()).putLong(seconds).put(signature).array();
      return "\u2014 " + name + " " + Base64.getEncoder().encodeToString(blob) + "\n";
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    Mood now;
    synchronized (this) {
      requests++;
      now = mood;
    }
    if (now == Mood.SILENT) {
      await();
      exchange.close();
      return;
    }
    if (now == Mood.ENDLESS) {
      endless(exchange);
      return;
    }
    Answer answer =
        switch (now) {
          case FORGING ->
              new Answer(200, cosign(body.substring(body.indexOf("\n\n") + 2), 7, others));
          case BABBLING -> new Answer(200, "hello\n");
          case BOASTING -> new Answer(409, "999999999\n");
          case FICKLE -> new Answer(409, (System.nanoTime() % 2) + "\n");
          case STRANGER -> new Answer(404, "");
          case CHOOSY -> new Answer(403, "");
          case BROKEN -> new Answer(500, "oops");
          default -> honest(body);
        };
    byte[] bytes = answer.body().getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain");
    exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
    if (bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private void await() {
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void endless(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    try (var out = exchange.getResponseBody()) {
      byte[] noise = new byte[1024];
      while (true) {
        out.write(noise);
      }
    }
  }

  private record Answer(int status, String body) {}

  private synchronized Answer honest(String body) {
    int empty = body.indexOf("\n\n");
    if (empty < 0 || !body.startsWith("old ")) {
      return new Answer(400, "");
    }
    List<String> lines = List.of(body.substring(0, empty).split("\n"));
    long old = Long.parseLong(lines.getFirst().substring(4));
    String note = body.substring(empty + 2);
    if (!note.startsWith(log.origin() + "\n")) {
      return new Answer(404, "");
    }
    if (!(log.checkpoint(note) instanceof Verdict.Holds<Checkpoint>(Checkpoint checkpoint))) {
      return new Answer(403, "");
    }
    if (old > checkpoint.size()) {
      return new Answer(400, "");
    }
    long known = latest == null ? 0 : latest.size();
    if (old != known) {
      return new Answer(409, known + "\n");
    }
    List<Hash> proof = lines.subList(1, lines.size()).stream().map(Hash::fromB64).toList();
    if (latest != null && known == checkpoint.size() && !latest.root().equals(checkpoint.root())) {
      return new Answer(409, known + "\n");
    }
    boolean extended =
        latest == null ? proof.isEmpty() : LogVerifier.consistency(latest, checkpoint, proof);
    if (!extended) {
      return new Answer(422, "");
    }
    latest = checkpoint;
    cosigned.add(checkpoint.size());
    String text = note.substring(0, note.indexOf("\n\n") + 1);
    return new Answer(200, cosign(text, 1_700_000_000L + cosigned.size()));
  }

  @Override
  public void close() {
    over.countDown();
    server.stop(0);
  }
}
