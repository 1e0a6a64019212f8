package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AyeConfigTest {
  @TempDir Path data;

  @Test
  void everythingHasADefault() {
    AyeConfig config = read(Map.of());
    assertThat(config.port()).isEqualTo(8080);
    assertThat(config.purposes()).containsExactly("captions", "notes", "training");
    assertThat(config.keysFolder()).isEqualTo(data.toAbsolutePath().resolve("keys"));
  }

  @Test
  void aFlagWinsOverTheEnvironmentAndThatOverTheFile() throws IOException {
    file("aye:\n  port: 1\n  max-people: 3\n  purposes: [captions]\n");
    Map<String, String> environment = Map.of("AYE_PORT", "2", "AYE_CONTACT", "desk");
    AyeConfig config = AyeConfig.read(Map.of("data", data.toString(), "port", "3"), environment);
    assertThat(config.port()).isEqualTo(3);
    assertThat(config.contact()).isEqualTo("desk");
    assertThat(config.maxPeople()).isEqualTo(3);
    assertThat(config.purposes()).containsExactly("captions");
  }

  @Test
  void witnessesAreReadAndAQuorumThatCannotBeIsRefused() throws IOException {
    String key = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    file("aye:\n  witnesses:\n    - \"" + key + " https://w.example/x\"\n  witness-quorum: 1\n");
    assertThat(read(Map.of()).witnessing().quorum()).isEqualTo(1);
    assertThat(read(Map.of()).witnessing().witnesses().getFirst().key().vkey()).isEqualTo(key);
    assertThatThrownBy(() -> read(Map.of("witness-quorum", "2")))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("quorum");
    for (String line : java.util.List.of("x", key, key + " ftp://w.example", "x https://w")) {
      assertThatThrownBy(() -> read(Map.of("witnesses", line, "witness-quorum", "0")))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("witnesses");
    }
    assertThatThrownBy(() -> read(Map.of("log-origin", "two words")))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("log-origin");
  }

  @Test
  void anUnknownKeyInTheFileIsRefusedByName() throws IOException {
    file("aye:\n  prot: 1\n");
    assertThatThrownBy(() -> read(Map.of()))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("aye.prot");
  }

  @Test
  void anUnknownVariableIsRefusedByName() {
    assertThatThrownBy(
            () -> AyeConfig.read(Map.of("data", data.toString()), Map.of("AYE_PROT", "1")))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("AYE_PROT");
  }

  @Test
  void aFileThatIsNoYamlIsRefused() throws IOException {
    file("aye: [\n");
    assertThatThrownBy(() -> read(Map.of())).isInstanceOf(Refusal.class);
  }

  @ParameterizedTest
  @CsvSource({
    "port, 70000",
    "port, many",
    "udp-port, -1",
    "public-url, ftp://x",
    "public-url, https://x/path",
    "public-url, no url",
    "tls-cert, /no/such/file",
    "purposes, everything",
    "media-addresses, example.org",
    "max-people, 1",
    "controller, ' '"
  })
  void aValueThatMakesNoSenseIsRefused(String key, String value) {
    assertThatThrownBy(() -> read(Map.of(key, value)))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(key.equals("tls-cert") ? "tls" : key);
  }

  @Test
  void aPublicServiceThatNamesNobodyInItsNoticeIsTold() throws IOException {
    assertThat(read(Map.of("public-url", "https://meet.example.org")).namesNobody().orElseThrow())
        .contains("controller, contact, authority are not set")
        .contains(data.resolve(AyeConfig.FILE).toString());
    assertThat(
            read(Map.of("public-url", "https://127.example.org", "controller", "X", "contact", "y"))
                .namesNobody()
                .orElseThrow())
        .contains("as authority is not set");
    for (String local :
        List.of("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080")) {
      assertThat(read(Map.of("public-url", local)).namesNobody()).as(local).isEmpty();
    }
    assertThat(read(Map.of()).namesNobody()).isEmpty();
    file("aye:\n  controller: X\n  contact: y\n  authority: z\n");
    assertThat(read(Map.of("public-url", "https://meet.example.org")).namesNobody()).isEmpty();
  }

  private AyeConfig read(Map<String, String> flags) {
    Map<String, String> all = new java.util.HashMap<>(flags);
    all.put("data", data.toString());
    return AyeConfig.read(all, Map.of());
  }

  private void file(String yaml) throws IOException {
    Files.writeString(data.resolve(AyeConfig.FILE), yaml);
  }
}
