package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResourceTest {
  private final SimDisk disk = new SimDisk();
  private Store store;

  @BeforeEach
  void aLog() throws IOException {
    store = Store.open(disk, LogTest.ORIGIN, new SecureRandom());
    for (int end : new int[] {5, 300, 600}) {
      List<byte[]> batch = new ArrayList<>();
      for (int i = (int) store.published().checkpoint().size(); i < end; i++) {
        batch.add(LogTest.leaf(i).encode());
      }
      store.append(batch);
      store.tidy();
    }
  }

  @Test
  void theCheckpointIsServedAsTextThatChanges() {
    Resource checkpoint = store.resource("checkpoint").orElseThrow();
    assertThat(new String(checkpoint.bytes(), UTF_8))
        .isEqualTo(store.published().checkpoint().note());
    assertThat(checkpoint.contentType()).isEqualTo("text/plain; charset=utf-8");
    assertThat(checkpoint.immutable()).isFalse();
  }

  @Test
  void fullAndPartialTilesAreServedAndNeverChange() {
    Resource full = store.resource("tile/0/000").orElseThrow();
    assertThat(full.bytes()).hasSize(8192);
    assertThat(full.contentType()).isEqualTo("application/octet-stream");
    assertThat(full.immutable()).isTrue();
    assertThat(store.resource("tile/0/002.p/88").orElseThrow().bytes()).hasSize(88 * 32);
    assertThat(store.resource("tile/1/000.p/2").orElseThrow().bytes()).hasSize(64);
    assertThat(store.resource("tile/entries/002.p/88").orElseThrow().bytes()).hasSize(88 * 35);
  }

  @Test
  void aPartialTileOfAnOlderCheckpointIsServedStill() {
    assertThat(disk.files()).doesNotContain("tile/0/000.p/5", "tile/entries/000.p/5");
    assertThat(store.resource("tile/0/000.p/5").orElseThrow().bytes())
        .isEqualTo(Arrays.copyOf(disk.get("tile/0/000"), 160));
    assertThat(store.resource("tile/entries/000.p/5").orElseThrow().bytes()).hasSize(5 * 35);
    assertThat(store.resource("tile/0/001.p/44").orElseThrow().bytes()).hasSize(44 * 32);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "private/key",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/003",
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/0/002.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/00/000",
        "tile/7/000.p/1",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/000/000",
        "tile/0/000/",
        "tile/0/../../private/key",
        "tile/0/000.p/../../../../private/key",
        "tile/entries/%2e%2e/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/4294967296/000",
        "tile/0/\u0660\u0660\u0660",
        "tile\\0\\000",
        "checkpoint/",
        "checkpoint\u0000"
      })
  void noOtherPathIsServed(String path) {
    assertThat(store.resource(path)).isEmpty();
  }

  @Test
  void everyTilePathIsReadAsItWasWritten() {
    assertThat(new TilePath(3, 1234067, 256).text()).isEqualTo("tile/3/x001/x234/067");
    Random random = new Random(6);
    for (int round = 0; round < 20_000; round++) {
      TilePath path =
          new TilePath(
              random.nextInt(8) - 1,
              random.nextLong(1L << (1 + random.nextInt(60))),
              1 + random.nextInt(256));
      assertThat(TilePath.parse(path.text())).contains(path);
      StringBuilder altered = new StringBuilder(path.text());
      altered.setCharAt(random.nextInt(altered.length()), (char) random.nextInt(0x80));
      TilePath.parse(altered.toString())
          .ifPresent(other -> assertThat(other.text()).isEqualTo(altered.toString()));
    }
  }
}
