package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.app.people.Answerer;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a person at a terminal sees: the real command in a process of its own, its exit code, and
 * one sentence where something cannot be done.
 */
class CommandLineTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path folder;

  /** What a process said and how it ended. */
  private record Said(int code, String out, String err) {
    Said refuses(int expected, String sentence) {
      assertThat(code).as(err).isEqualTo(expected);
      assertThat(out).isEmpty();
      assertThat(err.lines()).hasSize(1);
      assertThat(err).startsWith("aye: ").contains(sentence).endsWith("." + System.lineSeparator());
      assertThat(err).doesNotContain("\tat ", "Exception");
      return this;
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--nonsense                       | 2 | nonsense",
        "serve --port many                | 2 | port",
        "nothing                          | 2 | nothing",
        "verify                           | 2 | PATH",
        "dataset                          | 1 | one of build, list and export",
        "bench none                       | 1 | log, consent, media and speech",
        "verify NOWHERE --vkey x          | 1 | NOWHERE",
        "dataset build --data EMPTY       | 1 | There is nothing in the data folder",
        "train --data EMPTY               | 1 | There is nothing in the data folder",
        "dataset build --data STARTED     | 1 | ",
        "dataset export X --data STARTED  | 1 | There is no data set yet",
        "train --data STARTED             | 1 | There is no data set yet",
        "serve --port 0 --data FILE       | 1 | cannot be written",
        "serve --port 0 --data FILE/below | 1 | cannot be written",
        "serve --port 0 --data OTHER --tls-cert NOWHERE --tls-key NOWHERE | 1 | tls-cert",
      })
  void whatCannotBeDoneEndsInOneSentence(String words, int code, String sentence) throws Exception {
    Files.createDirectories(folder.resolve("EMPTY"));
    Files.writeString(folder.resolve("FILE"), "no folder");
    if (words.contains("STARTED")) {
      started();
    }
    aye(words.strip().split(" ")).refuses(code, sentence == null ? "" : sentence);
  }

  @Test
  void helpAndVersionAreNoFailures() throws Exception {
    for (String help :
        List.of("--help", "serve --help", "dataset --help", "dataset build --help")) {
      Said said = aye(help.split(" "));
      assertThat(said.code()).as(help).isZero();
      assertThat(said.out()).contains("Usage: aye");
      assertThat(said.err()).isEmpty();
    }
    Said version = aye("--version");
    assertThat(version.code()).isZero();
    assertThat(version.out().strip()).matches("aye \\d+\\.\\d+\\.\\d+");
  }

  @Test
  void whatThereIsNoneOfYetIsNoFailure() throws Exception {
    started();
    Said said = aye("dataset", "list", "--data", "STARTED");
    assertThat(said.code()).as(said.err()).isZero();
    assertThat(said.out()).isEqualToIgnoringNewLines("There is none yet.");
  }

  @Test
  void aTakenPortIsNamed() throws Exception {
    try (ServerSocket tcp = new ServerSocket(0)) {
      String port = Integer.toString(tcp.getLocalPort());
      aye("--port", port, "--data", "OTHER").refuses(1, "Port " + port + " is taken");
    }
    try (DatagramSocket udp = new DatagramSocket(new InetSocketAddress("0.0.0.0", 0))) {
      String port = Integer.toString(udp.getLocalPort());
      aye("--port", "0", "--udp-port", port, "--data", "OTHER")
          .refuses(1, "UDP port " + port + " is taken");
    }
  }

  @Test
  void aFolderThatHasAServerIsNamed() throws Exception {
    try (var lock = Archive.lock(folder.resolve("OTHER"))) {
      aye("--port", "0", "--data", "OTHER").refuses(1, "Another Aye server uses the data folder");
      assertThat(lock.isOpen()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"log/checkpoint", "vault/index"})
  void aDataFolderThatWasAlteredIsNotOpened(String file) throws Exception {
    started();
    Path altered = folder.resolve("STARTED").resolve(file);
    byte[] bytes = Files.exists(altered) ? Files.readAllBytes(altered) : new byte[0];
    Files.write(altered, Arrays.copyOf(bytes, bytes.length + 40));
    if (bytes.length > 0) {
      bytes[bytes.length / 2] ^= 1;
      Files.write(altered, bytes);
    }
    for (String command : List.of("dataset list", "serve --port 0")) {
      String[] words = (command + " --data STARTED").split(" ");
      aye(words).refuses(Soundness.EXIT, "what it keeps is not what it wrote");
    }
  }

  /** A full disk is one reason why; what is granted in doubt is not granted. */
  @Test
  void aLogThatCannotBeWrittenStopsTheServer() throws Exception {
    Process server = start("serve", "--port", Integer.toString(freePort()), "--data", "SERVED");
    try {
      String first = server.inputReader(StandardCharsets.UTF_8).readLine();
      assertThat(first).startsWith("Aye is ready at ");
      String url = first.substring("Aye is ready at ".length()).strip();
      try (Crowd crowd = Crowd.start(url, folder.resolve("people.err"))) {
        crowd.ask("create", "", Map.of("title", "A meeting"));
        crowd.ask("join", "Anna", Map.of("host", true));
        Path log = folder.resolve("SERVED/log");
        try (Stream<Path> files = Files.walk(log)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(file);
          }
        }
        Files.writeString(log, "no folder");
        assertThatThrownBy(
                () -> crowd.ask("answer", "Anna", Map.of("yes", List.of("captions", "notes"))))
            .isInstanceOf(IOException.class);
      }
      assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isEqualTo(Soundness.EXIT);
      String said = new String(server.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(said.lines()).hasSize(1);
      assertThat(said).contains("could not write to the log").doesNotContain("\tat ");
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void aBackupIsMadeAndRestored() throws Exception {
    started();
    Said made = aye("backup", "SAVED", "--keys", "KEYS", "--data", "STARTED");
    assertThat(made.code()).as(made.err()).isZero();
    assertThat(made.out()).contains("SAVED", "KEYS");
    String again = "restore SAVED --keys KEYS --nothing-after --data RESTORED";
    Said restored = aye(again.split(" "));
    assertThat(restored.code()).as(restored.err()).isZero();
    assertThat(restored.out()).contains("1 leaves in the log");
    assertThat(folder.resolve("RESTORED/log/checkpoint"))
        .hasSameBinaryContentAs(folder.resolve("STARTED/log/checkpoint"));
    aye("backup", "STARTED", "--data", "STARTED").refuses(1, "");
  }

  /** The launcher as it is, but that it looks for a JDK in a folder of this test. */
  @ParameterizedTest
  @ValueSource(strings = {"", "17", "24"})
  void withoutAJdkTheLauncherSaysWhatIsMissing(String older) throws Exception {
    Path jdks = Files.createDirectories(folder.resolve("jvm"));
    Path home = folder.resolve("empty");
    if (older.isEmpty()) {
      Files.createDirectories(home);
    } else {
      home = jdks.resolve("jdk-" + older);
      Files.createDirectories(home.resolve("bin"));
      program(home.resolve("bin/java"), "echo older");
      program(home.resolve("bin/javac"), "echo javac " + older + ".0.1");
    }
    Path launcher = folder.resolve("aye");
    program(launcher, Files.readString(HOME.resolve("aye")).replace("/usr/lib/jvm", jdks + ""));
    ProcessBuilder builder = new ProcessBuilder(launcher.toString(), "--version");
    builder.environment().put("JAVA_HOME", home.toString());
    Said said = said(builder.start());
    assertThat(said.code()).isEqualTo(1);
    assertThat(said.out()).isEmpty();
    assertThat(said.err().lines()).singleElement().asString().contains("needs a JDK 25", "install");
  }

  /** What a person takes home from one meeting, checked by the command with nothing running. */
  @Test
  void aReceiptIsCheckedAndWrittenInTheWordsOfOthersAndABrokenPromiseIsTold() throws Exception {
    Home home = home();
    List<String> key = List.of("--vkey", home.vkey());
    Said receipt = verify("receipt.json", key, "--record", "record.json");
    assertThat(receipt.code()).as(receipt.out() + receipt.err()).isZero();
    assertThat(receipt.err()).isEmpty();
    assertThat(receipt.out()).contains("said   yes to notes, voice").doesNotContain("FAILS");
    assertThat(Files.readString(folder.resolve("record.json")))
        .contains("dpv:ConsentGiven", "urn:aye:purpose:meeting-notes");
    Said altered = verify("altered.json", key, "--record", "other.json");
    assertThat(altered.code()).isEqualTo(1);
    assertThat(altered.out()).contains("FAILS  the receipt").doesNotContain("said ");
    assertThat(altered.err().lines()).hasSize(1);
    assertThat(altered.err()).contains("Only a receipt that holds can be written as a record.");
    assertThat(folder.resolve("other.json")).doesNotExist();

    List<String> late = new ArrayList<>(key);
    late.addAll(List.of("--as-of", home.promised().plusSeconds(61).toString()));
    Said kept = verify("promise.txt", late, "--log", "after");
    assertThat(kept.code()).as(kept.out() + kept.err()).isZero();
    assertThat(kept.out()).contains("holds  it was kept: the withdrawal is leaf ");
    Said broken = verify("promise.txt", late, "--log", "before");
    assertThat(broken.code()).isEqualTo(1);
    assertThat(broken.err()).isEmpty();
    assertThat(broken.out())
        .contains("holds  it is a promise of ")
        .contains("FAILS  the promise was broken  The withdrawal is not in the log, though it was");
  }

  private Said verify(String what, List<String> more, String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("verify", what));
    words.addAll(more);
    words.addAll(List.of(options));
    return aye(words.toArray(String[]::new));
  }

  private record Home(String vkey, Instant promised) {}

  /**
   * In the folder: a receipt, the same with another signature, the promise of its withdrawal, and
   * the log before and after that.
   */
  private Home home() throws Exception {
    JsonMapper json = JsonMapper.shared();
    Path data = folder.resolve("HOME");
    AyeConfig config =
        AyeConfig.read(
            Map.of("port", "0", "address", "127.0.0.1", "data", data.toString()), Map.of());
    String vkey;
    String promise;
    try (Server server = Server.start(config);
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      Answerer who = new Answerer(http, server.url(), "", new SecureRandom(), Clock.systemUTC());
      String id =
          json.readTree(who.send("POST", "/api/meetings", "", Map.of()).body())
              .path("id")
              .asString();
      who.join(id, false);
      Answerer.Draft draft = who.draft("en", new Answerer.Said("notes", "voice", true));
      byte[] body = who.body(who.sign(draft.payload()));
      JsonNode answered = json.readTree(who.answer(body).body());
      Map<String, Object> file = new LinkedHashMap<>();
      json.readTree(body).forEachEntry((name, value) -> file.put(name, value.asString()));
      file.put("index", answered.path("index").asLong());
      file.put("proof", answered.path("proof").asString());
      file.put("noticeText", who.meeting(id).path("notice").path("en").asString());
      Files.write(folder.resolve("receipt.json"), json.writeValueAsBytes(file));
      String jws = file.get("receipt").toString();
      int middle = jws.lastIndexOf('.') + 40;
      char other = jws.charAt(middle) == 'A' ? 'B' : 'A';
      file.put("receipt", jws.substring(0, middle) + other + jws.substring(middle + 1));
      Files.write(folder.resolve("altered.json"), json.writeValueAsBytes(file));

      copy(data.resolve("log"), folder.resolve("before"));
      long size = server.house().log().size();
      JsonNode promised = json.readTree(who.withdraw(draft.secrets().getFirst()).body());
      promise = promised.path("promise").asString();
      Files.writeString(folder.resolve("promise.txt"), promise);
      for (int i = 0; i < 2_000 && server.house().log().size() == size; i++) {
        LockSupport.parkNanos(10_000_000);
      }
      vkey = server.house().log().vkey();
    }
    copy(data.resolve("log"), folder.resolve("after"));
    return new Home(vkey, Instant.parse(promise.lines().skip(4).findFirst().orElseThrow()));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        if (Files.isDirectory(file)) {
          Files.createDirectories(to.resolve(from.relativize(file)));
        } else {
          Files.copy(file, to.resolve(from.relativize(file)));
        }
      }
    }
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, text.startsWith("#!") ? text : "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  /** A data folder in which a server was, and nobody said anything. */
  private void started() throws IOException {
    Path data = folder.resolve("STARTED");
    AyeConfig config = AyeConfig.read(Map.of("data", data.toString()), Map.of());
    var lock = Archive.lock(data);
    try (Archive archive = new Archive(config)) {
      archive.log().append(new dev.aye.log.Leaf.Notice(dev.aye.log.Hash.of(new byte[32])));
      archive.vault().keepArtefact("kind", new byte[10]);
    } finally {
      Archive.unlock(lock);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private Said aye(String... words) throws Exception {
    return said(start(words));
  }

  private Process start(String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Daye.home=" + HOME,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(words));
    return new ProcessBuilder(command).directory(folder.toFile()).start();
  }

  private static Said said(Process process) throws Exception {
    try {
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Said(process.exitValue(), out, err);
    } finally {
      process.destroyForcibly();
    }
  }
}
