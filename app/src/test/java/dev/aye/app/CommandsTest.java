package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import picocli.CommandLine;

/** What commands do at a terminal, and the sentences in which they end. */
class CommandsTest {
  @TempDir Path folder;

  static final List<String> BENCHMARKS = Commands.BENCHMARKS;

  /** Each does all its steps, on so little that its figures mean nothing. */
  @ParameterizedTest
  @FieldSource("BENCHMARKS")
  void everyBenchmarkThatHelpOffersIsThere(String name) throws Exception {
    String figures =
        switch (name) {
          case "log" -> "appendsPerSecond p99Millis verifiedPerSecond smallHeapMiB";
          case "consent" -> "grant dead promised p99";
          case "media" -> "microsPerPacket p99Micros";
          case "speech" -> "realTimeFactor words";
          default -> throw new AssertionError("this test does not know what " + name + " measures");
        };
    Path json = folder.resolve("figures.json");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Commands.bench(
        name,
        Commands.Length.GLANCE,
        Optional.of(json),
        new PrintStream(out, true, StandardCharsets.UTF_8));
    assertThat(out.toString(StandardCharsets.UTF_8)).isNotBlank();
    assertThat(Files.readString(json)).contains(figures.split(" "));
  }

  @Test
  void helpAndRefusalNameTheBenchmarksThatAreThere() {
    String help = new CommandLine(new Main.Bench()).getUsageMessage();
    int start = help.indexOf(": ", help.indexOf("Measure one part")) + 2;
    String named = help.substring(start, help.indexOf('.', start));
    assertThat(named.split("(, | or )")).containsExactlyInAnyOrderElementsOf(Commands.BENCHMARKS);
    assertThatThrownBy(
            () -> Commands.bench("none", Commands.Length.GLANCE, Optional.empty(), System.out))
        .isInstanceOf(Refusal.class)
        .hasMessageContainingAll(Commands.BENCHMARKS.toArray(String[]::new));
  }

  @Test
  void aTlsFileThatIsNoPemEndsInOneSentence() throws IOException {
    Path cert = Files.writeString(folder.resolve("chain.pem"), "no certificate\n");
    Path key = Files.writeString(folder.resolve("key.pem"), "no key\n");
    AyeConfig config =
        AyeConfig.read(
            Map.of(
                "data", folder.resolve("data").toString(),
                "port", "0",
                "tls-cert", cert.toString(),
                "tls-key", key.toString()),
            Map.of());
    assertThatThrownBy(() -> Server.start(config))
        .isInstanceOf(Refusal.class)
        .hasMessage("The file of tls-cert holds no PEM certificate: " + cert);
  }

  @Test
  void aKeyThatIsNoneAndNoFileEndsInOneSentence() throws IOException {
    Path receipt = Files.writeString(folder.resolve("receipt.json"), "{}");
    assertThatThrownBy(() -> verify(receipt, Optional.of("nofile")))
        .isInstanceOf(Refusal.class)
        .hasMessage("--vkey is neither a log's public key nor a file: nofile.");
  }

  @Test
  void aKeyBesideOrInsideWhatIsCheckedIsNotTaken() throws IOException {
    Path receipt = Files.writeString(folder.resolve("receipt.json"), "{}");
    Files.writeString(folder.resolve(Archive.VKEY), "aye.local/log+00000000+AAAA\n");
    Files.createDirectories(folder.resolve("proof"));
    Files.writeString(folder.resolve("croissant.json"), "{}");
    for (Path path : List.of(receipt, folder)) {
      assertThatThrownBy(() -> verify(path, Optional.empty()))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("with --vkey");
    }
  }

  @Test
  void theKeyThatWasUsedIsToldWithWhereItCameFrom() throws IOException {
    Path data = folder.resolve("data");
    String vkey;
    try (Log log =
        Log.open(data.resolve("log"), "aye.local/log", new SecureRandom(), Clock.systemUTC())) {
      vkey = log.vkey();
    }
    Path own = Files.writeString(data.resolve(Archive.VKEY), vkey + "\n");
    assertThat(verify(data, Optional.empty()))
        .contains("key    " + vkey + "  from log.vkey in this folder itself", "holds");
    assertThat(verify(data, Optional.of(own.toString()))).contains("from the file " + own);
    assertThat(verify(data.resolve("log"), Optional.of(vkey))).contains(vkey + "  from --vkey");
  }

  @Test
  void pagesThatSomebodyBuiltAreLookedForInTheLog() throws IOException {
    Path pages = Files.createDirectories(folder.resolve("dist/assets")).getParent();
    Files.writeString(pages.resolve("index.html"), "<!doctype html>");
    Path script = Files.writeString(pages.resolve("assets/a.js"), "1");
    Path log = folder.resolve("data/log");
    Optional<String> key;
    try (Log writing = Log.open(log, "aye.local/log", new SecureRandom(), Clock.systemUTC())) {
      key = Optional.of(writing.vkey());
      writing.append(new Leaf.Shred(Hash.of(WebFiles.read(pages).hash())));
      writing.append(new Leaf.Build(Hash.of(WebFiles.read(pages).hash())));
    }
    Verifying.Request request = request(pages, key, List.of(), log, "");
    assertThat(verify(request)).contains("holds  these pages are leaf 1 of the log");
    Files.writeString(script, "2");
    assertThat(verify(request)).contains("FAILS  these pages are not in the log of 2 leaves");
    assertThatThrownBy(() -> verify(pages, key))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("--log");
  }

  @Test
  void aProofACheckpointAndAFlippedByteAreToldAtTheTerminal() throws Exception {
    Path data = folder.resolve("data");
    Path log = data.resolve("log");
    Path older = folder.resolve("older");
    Path newer = folder.resolve("newer");
    Path proof = folder.resolve("one.tlog-proof");
    Leaf leaf = new Leaf.Answer(Hash.sha256());
    String vkey;
    try (Log writing = Log.open(log, "aye.local/log", new SecureRandom(), Clock.systemUTC())) {
      vkey = writing.vkey();
      Files.writeString(proof, writing.append(leaf).proof());
      Files.writeString(older, writing.checkpoint().note());
      writing.append(new Leaf.Shred(Hash.sha256()));
      Files.writeString(newer, writing.checkpoint().note());
    }
    String entry = HexFormat.of().formatHex(leaf.encode());
    Optional<String> key = Optional.of(vkey);
    assertThat(verify(request(proof, key, List.of(), log, entry)))
        .contains("holds  the entry is number 0 of aye.local/log, under its checkpoint with 1");
    assertThat(verify(request(proof, key, List.of(), log, entry.replace("01e3", "02e3"))))
        .contains("FAILS  the proof");
    assertThat(verify(request(newer, key, List.of(older), log, entry)))
        .contains("holds  it is a continuation of the checkpoint in " + older);
    assertThat(verify(request(older, key, List.of(newer), log, entry))).contains("FAILS");
    assertThat(verify(request(log, key, List.of(older, newer), log, entry)))
        .contains("of 2 leaves  {Answer=1, Shred=1}", "what it was with 1", "what it was with 2");
    String witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    assertThat(
            verify(
                new Verifying.Request(
                    log.toString(),
                    key,
                    List.of(),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(witness),
                    Optional.empty(),
                    Optional.empty())))
        .contains("FAILS  the log  the checkpoint has 0 of the 1 cosignatures");
    AyeConfig config = AyeConfig.read(Map.of("data", data.toString()), Map.of());
    assertThat(check(config)).isEqualTo("holds  the log aye.local/log of 2 leaves\n");
    Path tile = log.resolve("tile/0/000.p/2");
    byte[] bytes = Files.readAllBytes(tile);
    bytes[9] ^= 1;
    Files.write(tile, bytes);
    assertThat(check(config)).startsWith("FAILS  the log  tile/0/000.p/2 is not what the entries");
  }

  private static Verifying.Request request(
      Path what, Optional<String> key, List<Path> since, Path log, String entry) {
    return new Verifying.Request(
        what.toString(),
        key,
        since,
        Optional.of(log.toString()),
        Optional.of(entry),
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  private static String check(AyeConfig config) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Commands.checkLog(config, new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aDataFolderIsForItsOwnerAloneAndOneOfOthersIsLeftAlone() throws IOException {
    Path fresh = folder.resolve("fresh");
    Archive.unlock(Archive.lock(fresh));
    assertThat(mode(fresh)).isEqualTo("rwx------");
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("something"), "else");
    String before = mode(other);
    Archive.unlock(Archive.lock(other));
    assertThat(mode(other)).isEqualTo(before);
    OwnFiles.write(fresh.resolve("origin"), "one\n".getBytes(StandardCharsets.UTF_8));
    OwnFiles.write(fresh.resolve("origin"), "two\n".getBytes(StandardCharsets.UTF_8));
    assertThat(fresh.resolve("origin")).hasContent("two\n");
    assertThat(mode(fresh.resolve("origin"))).isEqualTo("rw-------");
  }

  @Test
  void aSocketThatDoesNotFitInTheDataFolderStandsWhereNobodyCanGuess() throws Exception {
    Path data = Files.createDirectories(folder.resolve("d".repeat(120)));
    Workbench none =
        new Workbench(
            null,
            null,
            () -> {},
            () -> {},
            () -> new Says.Health("ready", Map.of()),
            (to, keys) -> {});
    Path socket;
    try (ControlSocket _ = ControlSocket.listen(data, none, e -> {})) {
      socket = Path.of(Files.readString(data.resolve("aye.sock.path")));
      assertThat(mode(socket.getParent())).isEqualTo("rwx------");
      assertThat(ControlSocket.ask(data, Map.of("command", "health")).orElseThrow().toString())
          .contains("ready");
    }
    assertThat(socket.getParent()).doesNotExist();
    assertThat(ControlSocket.ask(data, Map.of("command", "health"))).isEmpty();
  }

  @Test
  void whatIsReadFromSomebodyElseCannotWriteToTheTerminal() throws Exception {
    Path log = folder.resolve("log");
    String vkey;
    try (Log writing = Log.open(log, "aye.local/log", new SecureRandom(), Clock.systemUTC())) {
      vkey = writing.vkey();
    }
    Path export = Files.createDirectories(folder.resolve("export"));
    Files.createDirectories(export.resolve("proof"));
    Files.createSymbolicLink(
        export.resolve("\u001b[2Jholds  all\n\u202eof it"), Path.of("/dev/zero"));
    assertThat(verify(export, Optional.of(vkey)))
        .contains(
            "FAILS  the export holds plain files only  ?[2Jholds  all??of it is no plain file")
        .doesNotContain("\u001b", "\u202e");
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static String verify(Path path, Optional<String> key) throws IOException {
    return verify(Verifying.Request.of(path.toString(), key));
  }

  private static String verify(Verifying.Request request) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Verifying.verify(request, new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }
}
