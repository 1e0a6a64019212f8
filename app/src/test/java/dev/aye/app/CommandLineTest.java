package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
