package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs that others wrote for this format read our logs and proofs and cosign our checkpoints,
 * and we read theirs: Tessera's fsck and its log, and torchwood (src/test/go). Runs where Go is
 * installed and its modules can be had, and says so in one sentence where not.
 */
class OffTheShelfTest {
  private static final Path SOURCE = Path.of("src/test/go");
  private static final Path PROGRAM = Path.of("target/offtheshelf").toAbsolutePath();

  @TempDir Path temp;

  @BeforeAll
  static void build() throws Exception {
    if (!works("go", "version")) {
      skip("Logs were not tried with Tessera and torchwood: Go is not installed.");
    }
    ProcessBuilder go =
        new ProcessBuilder("go", "build", "-modcacherw", "-o", PROGRAM.toString(), ".")
            .directory(SOURCE.toFile())
            .redirectErrorStream(true);
    go.environment().put("GOPATH", Path.of("target/go").toAbsolutePath().toString());
    go.environment().put("GOFLAGS", "-mod=readonly -buildvcs=false");
    go.environment().put("GOTOOLCHAIN", "local");
    go.environment().remove("GOMODCACHE");
    Process process = go.start();
    CompletableFuture<String> said = read(process);
    boolean ended = process.waitFor(4, TimeUnit.MINUTES);
    process.destroyForcibly();
    if (!ended || isUnreachable(said.get())) {
      skip("Logs were not tried with Tessera and torchwood: their Go modules could not be had.");
    }
    if (said.get().contains("requires go >=")) {
      skip("Logs were not tried with Tessera and torchwood: they need a newer Go.");
    }
    assertThat(process.exitValue()).as(said.get()).isZero();
  }

  private static boolean isUnreachable(String said) {
    return List.of(
            "dial tcp",
            "no such host",
            "i/o timeout",
            "proxyconnect",
            "connection refused",
            "403 Forbidden",
            "404 Not Found",
            "502 Bad Gateway",
            "503 Service",
            "module lookup disabled",
            "TLS handshake")
        .stream()
        .anyMatch(said::contains);
  }

  private static void skip(String sentence) {
    System.out.println(sentence);
    Assumptions.abort(sentence);
  }

  private static boolean works(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static CompletableFuture<String> read(Process process) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return new String(process.getInputStream().readAllBytes(), UTF_8);
      } catch (IOException e) {
        return String.valueOf(e.getMessage());
      }
    });
  }

  private static String run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    CompletableFuture<String> said = read(process);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return said.get();
  }

  private Log open(Witnessing witnessing) {
    return Log.open(
        temp.resolve("log"),
        "aye.example/log",
        new SecureRandom(),
        InstantSource.system(),
        witnessing);
  }

  @Test
  void theirReadersReadOurLogAndFindAFlippedByte() throws Exception {
    Path folder = temp.resolve("log");
    for (int size : new int[] {1, 255, 256, 257, 1300}) {
      String vkey;
      try (Log log = open(Witnessing.NONE)) {
        vkey = log.vkey();
        List<CompletableFuture<Appended>> answers = new ArrayList<>();
        for (int i = (int) log.size(); i < size; i++) {
          answers.add(log.submit(LogTest.leaf(i)));
        }
        answers.forEach(CompletableFuture::join);
      }
      assertThat(run("fsck", folder.toString(), vkey)).as("fsck of " + size).contains("holds");
      assertThat(run("read", folder.toString(), vkey)).contains("holds " + size);
      if (size == 1300) {
        for (String path : List.of("tile/0/002", "tile/entries/001", "tile/1/000.p/5")) {
          byte[] bytes = Files.readAllBytes(folder.resolve(path));
          bytes[77] ^= 1;
          Files.write(folder.resolve(path), bytes);
          assertThat(run("fsck", folder.toString(), vkey)).as(path).contains("FAILS");
          bytes[77] ^= 1;
          Files.write(folder.resolve(path), bytes);
        }
      }
    }
  }

  @Test
  void weReadTheirLogProofAndCosignature() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("theirs"));
    Map<String, String> said = new HashMap<>();
    for (String line : run("write", folder.toString(), "700").lines().toList()) {
      String[] words = line.split(" ", 2);
      said.put(words[0], words.length > 1 ? words[1] : "");
    }
    assertThat(said).containsKeys("vkey", "witness", "entry");
    WitnessKey witness = WitnessKey.read(said.get("witness")).orElseThrow();
    LogVerifier verifier =
        LogVerifier.of(said.get("vkey"))
            .orElseThrow()
            .requiring(new WitnessPolicy(List.of(witness), 1));
    long[] seen = {0, 0};
    Verdict<Checkpoint> verdict =
        verifier.entries(
            folder,
            List.of(),
            (index, entry) -> {
              seen[0]++;
              seen[1] = Math.max(seen[1], entry.length);
            });
    assertThat(verdict.orElseThrow().size()).isEqualTo(700);
    assertThat(seen[0]).isEqualTo(700);
    assertThat(seen[1]).isGreaterThan(4000);
    byte[] entry = HexFormat.of().parseHex(said.get("entry"));
    String proof = Files.readString(folder.resolve("third.tlog-proof"));
    assertThat(verifier.proof(proof, Hash.ofEntry(entry)).orElseThrow().index()).isEqualTo(3);
    entry[0] ^= 1;
    assertThat(verifier.proof(proof, Hash.ofEntry(entry)).holds()).isFalse();
    byte[] tile = Files.readAllBytes(folder.resolve("tile/0/001"));
    tile[500] ^= 1;
    Files.write(folder.resolve("tile/0/001"), tile);
    assertThat(verifier.entries(folder, List.of(), (index, e) -> {}))
        .isEqualTo(
            new Verdict.Fails<>("tile/0/001 is not what the entries in tile/entries/001 lead to"));
  }

  @Test
  void aWitnessBuiltFromTheirPartsCosignsOurLogAndTheyTakeOurProof() throws Exception {
    String vkey;
    try (Log log = open(Witnessing.NONE)) {
      vkey = log.vkey();
    }
    Process process = new ProcessBuilder(PROGRAM.toString(), "witness", vkey).start();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      Witness witness = Witness.read(lines.readLine()).orElseThrow();
      Witnessing witnessing = new Witnessing(List.of(witness), 1, Duration.ofSeconds(30));
      for (int round = 0; round < 3; round++) {
        try (Log log = open(witnessing)) {
          for (int i = 0; i < 5; i++) {
            Leaf leaf = LogTest.leaf(100 * round + i);
            Path proof = temp.resolve("ours.tlog-proof");
            Files.writeString(proof, log.append(leaf).proof());
            if (i == 4) {
              assertThat(
                      run(
                          "proof",
                          proof.toString(),
                          vkey,
                          witness.key().vkey(),
                          HexFormat.of().formatHex(leaf.encode())))
                  .contains("holds");
            }
          }
          assertThat(log.witnesses().getFirst().trouble()).isEmpty();
        }
      }
    } finally {
      process.getOutputStream().close();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }
}
