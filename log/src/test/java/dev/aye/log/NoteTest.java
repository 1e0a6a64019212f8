package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoteTest {
  /** Key and note of the documentation of Go's golang.org/x/mod/sumdb/note. */
  private static final String GO_VKEY =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String GO_SKEY =
      "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
  private static final String GO_TEXT =
      """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.
      """;
  private static final String GO_NOTE =
      GO_TEXT
          + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
          + "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

  /** The key of Go's checksum database, the first log of this kind. */
  private static final String SUMDB_VKEY =
      "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

  @Test
  void thePublishedNoteVerifies() throws Malformed {
    NoteKey key = NoteKey.parse(GO_VKEY);
    assertThat(key.verify(GO_NOTE)).isEqualTo(new Verdict.Holds<>(GO_TEXT));
    assertThat(key.vkey()).isEqualTo(GO_VKEY);
    assertThat(key.verify(GO_NOTE.replace("answer", "amswer")).holds()).isFalse();
  }

  @Test
  void aPublishedCheckpointOfTheFirstLogVerifies() throws Malformed {
    NoteKey key = NoteKey.parse(SUMDB_VKEY);
    String text = "go.sum database tree\n35225469\nvt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n";
    String note =
        text
            + "\n\u2014 sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHON"
            + "ebHLAyaKbbTM75QTtPydhKCExixSfwQ=\n";
    assertThat(key.verify(note)).isEqualTo(new Verdict.Holds<>(text));
    assertThat(Checkpoint.parse(text, note).size()).isEqualTo(35_225_469);
    assertThat(key.verify(note.replace("35225469", "35225468")).holds()).isFalse();
    // Its origin is not the name of its key, which is what a log of ours must have.
    assertThat(new LogVerifier(key).checkpoint(note).holds()).isFalse();
  }

  @Test
  void thePublishedKeysOfWitnessesHaveTheIdsOfTheirKeys() {
    for (String vkey :
        List.of(
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            "Wit1+55ee4561+AVhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk")) {
      boolean cosigns = vkey.contains("+BO");
      assertThat(WitnessKey.read(vkey).holds()).isEqualTo(cosigns);
      assertThat(NoteKey.read(vkey).holds()).isEqualTo(!cosigns);
    }
    assertThat(
            WitnessKey.read("remora.n621.de+da77ade8+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
                .holds())
        .isFalse();
  }

  @Test
  void thePublishedPrivateKeyMakesThePublishedNote() throws Malformed {
    SigningKey key = SigningKey.parse((GO_SKEY + "\n" + GO_VKEY + "\n").getBytes(UTF_8));
    assertThat(key.sign(GO_TEXT)).isEqualTo(GO_NOTE);
    assertThat(new String(key.file(), UTF_8)).isEqualTo(GO_SKEY + "\n" + GO_VKEY + "\n");
    assertThat(key.toString()).doesNotContain("AYEK");
  }

  @Test
  void theKeyIdOfThePublishedLogIsThatOfItsKey() throws Malformed {
    assertThat(NoteKey.parse(SUMDB_VKEY).name()).isEqualTo("sum.golang.org");
    assertThat(NoteKey.read(SUMDB_VKEY.replace("033de0ae", "033de0af")).holds()).isFalse();
    assertThat(NoteKey.read(SUMDB_VKEY.replace("+Ac4z", "+Ac4y")).holds()).isFalse();
  }

  @Test
  void aNoteIsReadUpToItsLastEmptyLineAndByTheKeyThatIsTrusted() throws Malformed {
    SigningKey ours = SigningKey.generate("a.example/log", new SecureRandom());
    SigningKey same = SigningKey.generate("a.example/log", new SecureRandom());
    String note = ours.sign("first\n\nsecond\n");
    assertThat(ours.publicKey().verify(note)).isEqualTo(new Verdict.Holds<>("first\n\nsecond\n"));
    assertThat(same.publicKey().verify(note).holds()).isFalse();

    String theirs = same.sign("first\n\nsecond\n");
    String both = note + theirs.substring(theirs.lastIndexOf('\u2014'));
    assertThat(ours.publicKey().verify(both).holds()).isTrue();
    assertThat(same.publicKey().verify(both).holds()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\nno dash\n",
        "text\n\n\u2014 name\n",
        "text\n\n\u2014 name AAAA\n",
        "text\n\n\u2014 name AAAAAAA\n",
        "text\n\n\u2014 na+me AAAAAAAA\n",
        "text\n\n\u2014 name AAAAAAAA",
        "te\tt\n\n\u2014 name AAAAAAAA\n",
        "te\ud800t\n\n\u2014 name AAAAAAAA\n",
      })
  void whatIsNoNoteIsRefused(String text) {
    assertThat(SignedNote.read(text).holds()).isFalse();
  }

  @Test
  void aSignedTextThatIsNoCheckpointOfThisLogIsRefused() throws Malformed {
    SigningKey key = SigningKey.generate("a.example/log", new SecureRandom());
    LogVerifier verifier = new LogVerifier(key.publicKey());
    String root = Merkle.EMPTY.b64();
    assertThat(verifier.checkpoint(key.sign("a.example/log\n0\n" + root + "\n")).holds()).isTrue();
    for (String text :
        new String[] {
          "b.example/log\n0\n" + root + "\n",
          "a.example/log\n00\n" + root + "\n",
          "a.example/log\n-1\n" + root + "\n",
          "a.example/log\n+1\n" + root + "\n",
          "a.example/log\n1234567890123456789\n" + root + "\n",
          "a.example/log\n0\n" + root.replace("U=", "V=") + "\n",
          "a.example/log\n0\n" + root + "\nextension\n",
          "a.example/log\n0\n",
        }) {
      assertThat(verifier.checkpoint(key.sign(text)).holds()).as(text).isFalse();
    }
  }

  /** Whatever a byte becomes, a verifier answers, and a proof that holds says the same thing. */
  @Test
  void noAlteredNoteKeyOrProofMisleadsOrThrows() throws Exception {
    SimDisk disk = new SimDisk();
    Store store = Store.open(disk, LogTest.ORIGIN, new SecureRandom());
    for (int i = 0; i < 4; i++) {
      store.append(List.of(LogTest.leaf(i).encode()));
      store.tidy();
    }
    LogVerifier verifier = new LogVerifier(store.key().publicKey());
    String proof = store.proof(store.published(), 2);
    var proven = verifier.proof(proof, LogTest.leaf(2));
    assertThat(proven.holds()).isTrue();
    String note = store.published().checkpoint().note();
    String vkey = store.key().publicKey().vkey();

    Random random = new Random(4);
    for (int round = 0; round < 5_000; round++) {
      String altered = altered(random, proof);
      var verdict = verifier.proof(altered, LogTest.leaf(2));
      if (verdict instanceof Verdict.Holds<LogVerifier.Proven>(var p)) {
        assertThat(p.index()).isEqualTo(2);
        assertThat(p.checkpoint().root()).isEqualTo(store.published().checkpoint().root());
      }
      String alteredNote = altered(random, note);
      assertThat(verifier.checkpoint(alteredNote).holds() && !sameText(alteredNote, note))
          .isFalse();
      NoteKey.read(altered(random, vkey));
    }
  }

  private static boolean sameText(String a, String b) {
    return a.startsWith(b.substring(0, b.indexOf("\n\n") + 2));
  }

  private static String altered(Random random, String text) {
    StringBuilder altered = new StringBuilder(text);
    for (int i = 0; i <= random.nextInt(3); i++) {
      int at = random.nextInt(altered.length());
      switch (random.nextInt(4)) {
        case 0 -> altered.setCharAt(at, (char) random.nextInt(0x100));
        case 1 -> altered.deleteCharAt(at);
        case 2 -> altered.insert(at, text, at / 2, Math.min(at, text.length()));
        default -> altered.insert(at, random.nextBoolean() ? "\n" : " ");
      }
    }
    return altered.toString();
  }

  @Test
  void anExtraLineInAProofIsPassedOver() throws Exception {
    Store store = Store.open(new SimDisk(), LogTest.ORIGIN, new SecureRandom());
    store.append(List.of(LogTest.leaf(0).encode()));
    LogVerifier verifier = new LogVerifier(store.key().publicKey());
    String proof = store.proof(store.published(), 0);
    assertThat(proof).startsWith("c2sp.org/tlog-proof@v1\nindex 0\n\n" + LogTest.ORIGIN + "\n1\n");
    String extra = proof.replace("@v1\n", "@v1\nextra AAAA\n");
    assertThat(verifier.proof(extra, LogTest.leaf(0)).holds()).isTrue();
  }
}
