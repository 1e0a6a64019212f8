package dev.aye.consent;

import dev.aye.log.Appended;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LeafVisitor;
import dev.aye.log.Log;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;

/** A small world with a real log, a real ledger of consents, and people who sign with real keys. */
public final class Town implements AutoCloseable {
  public static final MeetingId MEETING = new MeetingId("town-hall");
  private static final RecipientId COMPANION = new RecipientId("companion");

  public final SecureRandom random = new SecureRandom();
  public final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-01T10:00:00Z"));
  public final InstantSource clock = now::get;
  public final Log log;
  public Consents consents;

  /**
   * Runs before a leaf that somebody waits for is given to the log; what it throws is a failure.
   */
  public volatile Consumer<Leaf> beforeLeaf = leaf -> {};

  /** Runs when a leaf is in the log, before whoever waits for it hears of it. */
  public volatile Consumer<Leaf> afterLeaf = leaf -> {};

  private final Notice notice;
  private final Recipient recipient;
  private final List<Event> facts = new ArrayList<>();

  public Town(Path folder) {
    log = Log.open(folder.resolve("log"), "aye.example", random, clock);
    consents = begin();
    Controller controller = new Controller("Example", "dpo@example.org", "The authority");
    notice = Notice.current(controller).getFirst();
    consents.publish(notice);
    byte[] point = new byte[65];
    point[0] = 4;
    recipient = new Recipient(COMPANION, b64u(point), new Processor("here", "built-in"));
    open();
  }

  /** The ledger begins anew with what is stored. */
  private Consents begin() {
    return new Consents(
        watched(Journal.of(log)),
        new ConsentStore() {
          @Override
          public void append(List<Event> events) {
            facts.addAll(events);
          }

          @Override
          public List<Event> load() {
            return List.copyOf(facts);
          }
        },
        clock,
        Thread::startVirtualThread);
  }

  private void open() {
    consents.offer(
        MEETING,
        new Offer(
            Set.of(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING),
            List.of(recipient),
            List.of(notice),
            now.get().plus(Duration.ofHours(8))));
  }

  private Journal watched(Journal journal) {
    return new Journal() {
      @Override
      public Appended append(Leaf leaf) {
        return watched(leaf, journal::append);
      }

      @Override
      public Appended appendUnwitnessed(Leaf leaf) {
        return watched(leaf, journal::appendUnwitnessed);
      }

      private Appended watched(Leaf leaf, Function<Leaf, Appended> append) {
        beforeLeaf.accept(leaf);
        Appended appended = append.apply(leaf);
        afterLeaf.accept(leaf);
        return appended;
      }

      @Override
      public String origin() {
        return journal.origin();
      }

      @Override
      public long size() {
        return journal.size();
      }

      @Override
      public CompletableFuture<Appended> submit(Leaf leaf) {
        return journal.submit(leaf);
      }

      @Override
      public String proof(long index) {
        return journal.proof(index);
      }

      @Override
      public String sign(String text) {
        return journal.sign(text);
      }

      @Override
      public void leaves(long from, long to, LeafVisitor visitor) {
        journal.leaves(from, to, visitor);
      }
    };
  }

  /** Somebody with a device key, who answers and changes their mind. */
  public final class Person {
    public final KeyPair key;
    public final PersonId id;
    public final ParticipantId seat;
    public final Map<String, WithdrawalSecret> slips = new HashMap<>();

    public Person(String seat) throws GeneralSecurityException {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      this.key = generator.generateKeyPair();
      this.seat = new ParticipantId(seat);
      String thumb =
          "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}".formatted(x(), y());
      this.id = new PersonId(b64u(sha256(thumb.getBytes(StandardCharsets.US_ASCII))));
    }

    /** Says yes to these, each on a card of its own that is signed and put into the log. */
    public void agrees(Medium medium, Purpose... purposes) throws GeneralSecurityException {
      for (Purpose purpose : purposes) {
        agrees(medium, List.of(purpose), List.of());
      }
    }

    /** Answers these with one card that is signed and put into the log. */
    public void agrees(Medium medium, List<Purpose> yes, List<Purpose> no)
        throws GeneralSecurityException {
      byte[] salt = new byte[32];
      random.nextBytes(salt);
      Consents.Answering answer =
          consents.answer(new Seat(MEETING, seat, this.id), card(medium, yes, no), Salt.of(salt));
      if (!(answer instanceof Consents.Answering.Answered)) {
        throw new AssertionError("the card was refused: " + answer);
      }
    }

    /**
     * Answered these with one card before this version, which accepts it no more: it is stored, and
     * the ledger begins anew with it.
     */
    public void agreedBefore(Medium medium, List<Purpose> yes, List<Purpose> no)
        throws GeneralSecurityException {
      String card = card(medium, yes, no);
      byte[] salt = new byte[32];
      random.nextBytes(salt);
      long index =
          log.append(new Leaf.Answer(Hash.of(Receipt.commitment(card, Salt.of(salt))))).index();
      facts.add(
          new Event.Answered(
              now.get(), card, Salt.of(salt), index, now.get().plus(Duration.ofHours(8))));
      consents = begin();
      open();
    }

    private String card(Medium medium, List<Purpose> yes, List<Purpose> no)
        throws GeneralSecurityException {
      List<String> choices = new ArrayList<>();
      for (Purpose purpose : yes) {
        byte[] secret = new byte[32];
        random.nextBytes(secret);
        WithdrawalSecret slip = WithdrawalSecret.of(secret);
        slips.put(purpose.id() + medium.id(), slip);
        choices.add(
            "{\"purpose\":\"%s\",\"purposeIri\":\"%s\",\"medium\":\"%s\",\"state\":\"given\",\"handle\":\"%s\"}"
                .formatted(purpose.id(), purpose.iri(), medium.id(), slip.handle().value()));
      }
      for (Purpose purpose : no) {
        choices.add(
            "{\"purpose\":\"%s\",\"purposeIri\":\"%s\",\"medium\":\"%s\",\"state\":\"refused\"}"
                .formatted(purpose.id(), purpose.iri(), medium.id()));
      }
      byte[] id = new byte[16];
      random.nextBytes(id);
      String time =
          now.get().toString().replace("Z", ".000Z").replaceFirst("(\\.\\d{3}).*Z", "$1Z");
      String payload =
          """
          {"schema":"urn:aye:receipt:1","id":"%s","origin":"aye.example","meeting":"%s","participant":"%s","issued":"%s",\
          "notice":{"version":%d,"locale":"%s","hash":"%s"},"controller":"Example",\
          "recipient":{"id":"companion","key":"%s","processor":{"host":"here","model":"built-in"}},\
          "scope":{"kind":"meeting"},"choices":[%s]}\
          """
              .formatted(
                  b64u(id),
                  MEETING.value(),
                  seat.value(),
                  time,
                  notice.version(),
                  notice.locale(),
                  notice.hash().b64u(),
                  recipient.key(),
                  String.join(",", choices));
      return sign(payload);
    }

    public <P extends Purpose> Permit<P> permit(P purpose, Medium medium) {
      return consents.permit(id, MEETING, purpose, medium, COMPANION).orElseThrow();
    }

    public Handle handle(Purpose purpose, Medium medium) {
      return slips.get(purpose.id() + medium.id()).handle();
    }

    /** Changes their mind; returns when the withdrawal is in the log. */
    public void withdraws(Purpose purpose, Medium medium) {
      consents.withdraw(slips.get(purpose.id() + medium.id()));
      for (int i = 0; i < 10_000 && !inLog(handle(purpose, medium)); i++) {
        Thread.onSpinWait();
        log.checkpoint();
        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
      }
    }

    private String sign(String payload) throws GeneralSecurityException {
      String header =
          "{\"alg\":\"ES256\",\"typ\":\"aye-receipt+jws\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}}"
              .formatted(x(), y());
      String input =
          b64u(header.getBytes(StandardCharsets.UTF_8))
              + "."
              + b64u(payload.getBytes(StandardCharsets.UTF_8));
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(key.getPrivate());
      signature.update(input.getBytes(StandardCharsets.US_ASCII));
      return input + "." + b64u(signature.sign());
    }

    private String x() {
      return b64u(coordinate(((ECPublicKey) key.getPublic()).getW().getAffineX()));
    }

    private String y() {
      return b64u(coordinate(((ECPublicKey) key.getPublic()).getW().getAffineY()));
    }
  }

  private boolean inLog(Handle handle) {
    boolean[] found = {false};
    log.leaves(
        0,
        log.size(),
        (index, leaf) -> {
          if (leaf instanceof Leaf.Withdraw withdraw
              && Handle.of(withdraw.handle().bytes()).equals(handle)) {
            found[0] = true;
          }
        });
    return found[0];
  }

  private static byte[] coordinate(BigInteger value) {
    byte[] bytes = value.toByteArray();
    byte[] out = new byte[32];
    int length = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - length, out, 32 - length, length);
    return out;
  }

  private static byte[] sha256(byte[] bytes) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256").digest(bytes);
  }

  public static String b64u(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Override
  public void close() {
    log.close();
  }
}
