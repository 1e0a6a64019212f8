package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.log.Log;
import dev.aye.log.LogVerifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * With a real log: what a person takes home can be checked by anybody, and every change to it is
 * found and named.
 */
class ReceiptVerifierTest {
  @TempDir Path folder;

  private final House house = new House();
  private final Device ada = new Device("ada");
  private final WithdrawalSecret secret = ada.secret();
  private Log log;
  private Consents consents;
  private Map<String, Object> file;

  @BeforeEach
  void answer() {
    log = Log.open(folder, house.journal.origin(), new Dice("log"), house.clock);
    consents = new Consents(log, new MemoryStore(), house.clock);
    house.notices.forEach(consents::publish);
    consents.offer(
        House.MEETING,
        new Offer(
            Set.of(Purpose.NOTES),
            List.of(House.COMPANION),
            house.notices,
            Clock.START.plus(Duration.ofHours(1))));
    String jws = ada.sign(house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle()));
    Salt salt = ada.salt();
    var answered = (Consents.Answering.Answered) consents.answer(House.seat(ada), jws, salt);
    file = new LinkedHashMap<>();
    file.put("receipt", jws);
    file.put("salt", salt.value());
    file.put("index", answered.index());
    file.put("proof", answered.proof());
    file.put("noticeText", house.notices.getFirst().text());
  }

  @AfterEach
  void close() {
    log.close();
  }

  private ReceiptVerifier.Result verify() {
    return ReceiptVerifier.verify(bytes(), log.vkey());
  }

  private byte[] bytes() {
    return JsonMapper.shared().writeValueAsBytes(file);
  }

  private void wrong(String sentence) {
    assertThat(verify())
        .isInstanceOfSatisfying(
            ReceiptVerifier.Result.Wrong.class,
            wrong -> assertThat(wrong.faults()).anyMatch(fault -> fault.contains(sentence)));
  }

  @Test
  void whatAPersonTakesHomeHolds() {
    assertThat(verify())
        .isInstanceOfSatisfying(
            ReceiptVerifier.Result.Holds.class,
            holds -> {
              assertThat(holds.receipt().person()).isEqualTo(ada.person());
              assertThat(holds.index()).isEqualTo(2);
              assertThat(holds.notice()).hasValue(house.notices.getFirst());
            });
    file.remove("noticeText");
    assertThat(verify()).isInstanceOf(ReceiptVerifier.Result.Holds.class);
  }

  @Test
  void thePromiseOfAWithdrawalIsSignedByTheLog() {
    var promised = (Consents.Withdrawing.Promised) consents.withdraw(secret);

    LogVerifier verifier = LogVerifier.of(log.vkey()).orElseThrow();
    assertThat(verifier.note(promised.promise()).orElseThrow())
        .startsWith("aye-promise/1\n" + log.origin() + "\n");
  }

  @Test
  void eachChangeIsNamed() {
    Map<String, Object> good = Map.copyOf(file);

    file.put("salt", ada.salt().value());
    wrong("The log does not hold this receipt");

    file = new LinkedHashMap<>(good);
    file.put("index", 1);
    wrong("The proof is for leaf 2, not for 1.");

    file = new LinkedHashMap<>(good);
    file.put("receipt", Device.malleated((String) good.get("receipt")));
    wrong("The log does not hold this receipt");

    file = new LinkedHashMap<>(good);
    file.put("receipt", ((String) good.get("receipt")).replaceFirst("\\.e", ".f"));
    wrong("The receipt is not good");

    file = new LinkedHashMap<>(good);
    file.put("noticeText", house.notices.getLast().text());
    wrong("not the one that the receipt was signed for");

    file = new LinkedHashMap<>(good);
    file.put("proof", log.proof(0));
    wrong("The log does not hold this receipt");

    file = new LinkedHashMap<>(good);
    file.put("extra", "x");
    wrong("unknown field");

    file = new LinkedHashMap<>(good);
    assertThat(ReceiptVerifier.verify(bytes(), "not a key"))
        .isInstanceOf(ReceiptVerifier.Result.Wrong.class);
  }

  @Test
  void noFlippedByteGoesUnnoticed() {
    byte[] good = bytes();
    Random random = new Random(99);
    List<Integer> unnoticed = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      byte[] flipped = good.clone();
      int at = random.nextInt(flipped.length);
      flipped[at] ^= (byte) (1 << random.nextInt(7));
      if (ReceiptVerifier.verify(flipped, log.vkey()) instanceof ReceiptVerifier.Result.Holds) {
        unnoticed.add(at);
      }
    }
    assertThat(unnoticed).as(new String(good, StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void manyPeopleAnswerAndWithdrawAtOnce() throws Exception {
    List<Device> people = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      people.add(new Device("person " + i));
    }
    var logged = new java.util.concurrent.CountDownLatch(people.size());
    consents.onChange(change -> {
      if (change instanceof Change.Logged) {
        logged.countDown();
      }
    });
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
    for (Device device : people) {
      Thread thread =
          Thread.ofVirtual()
              .uncaughtExceptionHandler((_, e) -> failures.add(e))
              .unstarted(() -> {
                WithdrawalSecret own = device.secret();
                String jws =
                    device.sign(house.draft(device).yes(Purpose.NOTES, Medium.VOICE, own.handle()));
                assertThat(consents.answer(House.seat(device), jws, device.salt()))
                    .isInstanceOf(Consents.Answering.Answered.class);
                assertThat(consents.withdraw(own))
                    .isInstanceOf(Consents.Withdrawing.Promised.class);
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(failures).isEmpty();
    assertThat(consents.uses(Purpose.NOTES)).hasSize(1);
    assertThat(logged.await(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    assertThat(consents.withdrawals()).allMatch(w -> w.index().isPresent());
  }

  /** Terms that the DPV's guide to ISO/IEC TS 27560 has for these fields. */
  private static final Set<String> TERMS =
      Set.of(
          "Authority",
          "ConsentGiven",
          "ConsentNotice",
          "ConsentReceipt",
          "ConsentRecord",
          "ConsentRefused",
          "DataController",
          "DataProcessor",
          "DataSubject",
          "PersonalData",
          "Process",
          "Purpose",
          "Recipient",
          "StorageDuration",
          "WithdrawConsent",
          "hasAuthority",
          "hasConsentControl",
          "hasConsentStatus",
          "hasContact",
          "hasDataController",
          "hasDataProcessor",
          "hasDataSubject",
          "hasLegalBasis",
          "hasName",
          "hasNotice",
          "hasPersonalData",
          "hasProcess",
          "hasPurpose",
          "hasRecipient",
          "hasRecordOfActivity",
          "hasStorageCondition",
          "isIndicatedAtTime",
          "isIndicatedBy");

  @Test
  void aReceiptCanBeReadInTheWordsOfDpv() {
    var holds = (ReceiptVerifier.Result.Holds) verify();
    String text = ConsentRecord.of(holds.receipt(), holds.index(), holds.notice());
    JsonNode receipt = JsonMapper.shared().readTree(text);
    assertThat(Pattern.compile("dpv:(\\w+)").matcher(text).results().map(found -> found.group(1)))
        .isSubsetOf(TERMS);
    assertThat(receipt.path("@context").path("dpv").asString()).isEqualTo("https://w3id.org/dpv#");
    JsonNode record = receipt.path("dpv:hasRecordOfActivity");
    assertThat(record.path("dct:identifier").asString()).isEqualTo(holds.receipt().id());
    assertThat(record.path("dpv:hasDataSubject").path("@id").asString())
        .isEqualTo("urn:aye:person:" + ada.person().value());
    assertThat(record.path("dpv:hasNotice").path("dct:identifier").asString())
        .isEqualTo("sha256:" + house.notices.getFirst().hash().b64u());
    JsonNode process = record.path("dpv:hasProcess").path(0);
    assertThat(process.path("dpv:hasPurpose").path("@id").asString())
        .isEqualTo("urn:aye:purpose:meeting-notes");
    assertThat(process.path("dpv:hasPurpose").path("dct:title").asString()).isEqualTo("Notes");
    assertThat(process.path("dpv:hasLegalBasis").path("@id").asString())
        .isEqualTo("eu-gdpr:A6-1-a");
    JsonNode status = process.path("dpv:hasConsentStatus");
    assertThat(status.path("@type").asString()).isEqualTo("dpv:ConsentGiven");
    assertThat(status.path("@id").asString()).isEqualTo("urn:aye:grant:" + secret.handle().value());
    assertThat(text).doesNotContain(secret.value(), String.valueOf(file.get("salt")));
    assertThat(ConsentRecord.of(holds.receipt(), holds.index(), Optional.empty()))
        .contains("dpv:ConsentGiven")
        .doesNotContain("Notes");
  }
}
