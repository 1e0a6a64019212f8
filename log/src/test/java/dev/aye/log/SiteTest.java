package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that is checked over HTTP, as a stranger would. */
@Timeout(60)
class SiteTest {
  @TempDir Path folder;
  private HttpServer server;
  private Log log;
  private LogVerifier verifier;
  private URI url;
  private volatile String spoilt = "none";
  private volatile boolean endless;
  private final AtomicInteger requests = new AtomicInteger();

  @BeforeEach
  void aLogThatIsServed() throws IOException {
    log = Log.open(folder, LogTest.ORIGIN, new SecureRandom(), InstantSource.system());
    append(0, 600);
    verifier = LogVerifier.of(log.vkey()).orElseThrow();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/log/", this::serve);
    server.start();
    url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/log/");
  }

  @AfterEach
  void end() {
    server.stop(0);
    log.close();
  }

  private void append(int from, int to) {
    List<CompletableFuture<Appended>> answers = new ArrayList<>();
    for (int i = from; i < to; i++) {
      answers.add(log.submit(LogTest.leaf(i)));
    }
    answers.forEach(CompletableFuture::join);
  }

  private void serve(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    String path = exchange.getRequestURI().getPath().substring("/log/".length());
    Optional<Resource> resource = log.resource(path);
    if (resource.isEmpty()) {
      exchange.sendResponseHeaders(404, -1);
      exchange.close();
      return;
    }
    byte[] bytes = resource.get().bytes();
    if (path.equals(spoilt)) {
      bytes[bytes.length / 2] ^= 1;
    }
    exchange.sendResponseHeaders(200, 0);
    try (var out = exchange.getResponseBody()) {
      do {
        out.write(bytes);
      } while (endless && path.equals(spoilt));
    }
  }

  private Verdict<Checkpoint> verify(List<Checkpoint> earlier) throws IOException {
    return verifier.entries(url, earlier, (index, entry) -> {});
  }

  @Test
  void aServedLogVerifiesAndIsAContinuationOfWhatItWas() throws IOException {
    Checkpoint before = log.checkpoint();
    append(600, 900);
    assertThat(verify(List.of(before))).isEqualTo(new Verdict.Holds<>(log.checkpoint()));
    assertThat(verifier.newest(url)).isEqualTo(new Verdict.Holds<>(log.checkpoint()));
  }

  @Test
  void aSpoiltFileIsNamed() throws IOException {
    for (String path : List.of("tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2")) {
      spoilt = path;
      assertThat(verify(List.of())).asString().contains(path + " is not what the entries");
    }
    for (String path : List.of("checkpoint", "tile/entries/000", "tile/entries/002.p/88")) {
      spoilt = path;
      assertThat(verify(List.of()).holds()).as(path).isFalse();
    }
  }

  @Test
  void anAnswerWithoutEndIsCutOff() {
    endless = true;
    for (String path : List.of("checkpoint", "tile/0/001", "tile/entries/000")) {
      spoilt = path;
      assertThatThrownBy(() -> verify(List.of())).as(path).isInstanceOf(IOException.class);
    }
  }

  @Test
  void twoCheckpointsAreComparedWithAFewTilesOnly() throws IOException {
    Checkpoint before = log.checkpoint();
    append(600, 5000);
    Checkpoint now = log.checkpoint();
    requests.set(0);
    assertThat(verifier.continues(before, now, url)).isEqualTo(new Verdict.Holds<>(now));
    assertThat(requests.get()).isLessThan(8);
    assertThat(verifier.continues(before, now, folder).holds()).isTrue();
    assertThat(verifier.continues(now, before, url).holds()).isFalse();
    Checkpoint other = new Checkpoint(before.origin(), before.size(), Hash.sha256(), before.note());
    assertThat(verifier.continues(other, now, url).holds()).isFalse();
    Files.delete(folder.resolve("tile/1/000.p/19"));
    assertThat(verifier.continues(before, now, folder))
        .isEqualTo(new Verdict.Fails<>("tile/1/000.p/19 is missing"));
  }

  @Test
  void everyPairOfSizesIsAContinuation() throws IOException {
    List<Checkpoint> all = new ArrayList<>(List.of(log.checkpoint()));
    for (int size = 601; size < 1100; size += 61) {
      append((int) log.size(), size);
      all.add(log.checkpoint());
    }
    Checkpoint newest = all.getLast();
    for (Checkpoint older : all) {
      assertThat(verifier.continues(older, newest, url).holds()).as(older.toString()).isTrue();
    }
  }
}
