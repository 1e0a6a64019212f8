package dev.aye.consent;

import dev.aye.log.Appended;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.log.Secret32;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The register of who agreed to what, and the only maker of {@link Permit}s and {@link Use}s.
 *
 * <p>Deny unless granted: there is a permit only for a yes whose leaf is in the log, whose fact is
 * durable, whose meeting is open, and which fits the meeting's {@link Offer} as it is now.
 *
 * <p><b>A yes, in this order</b> ({@link #answer}); what a crash after each step leaves behind:
 *
 * <ol>
 *   <li>Checked against seat, offer and clock. A no in it ends the permit for its row here already.
 *       Nothing is durable.
 *   <li>{@code ANSWER} leaf in the log, durable. Left behind: a commitment that nobody can open.
 *       The device may send the same receipt again.
 *   <li>Checked again, as the world went on meanwhile; fact in the store, durable. Left behind: a
 *       yes without a permit, which {@link #offer} makes when the meeting opens again. Sending the
 *       receipt again gives the first answer.
 *   <li>Permits.
 * </ol>
 *
 * <p><b>A withdrawal, in this order</b> ({@link #withdraw}):
 *
 * <ol>
 *   <li>Permit and use dead, for every thread; holders told. If the next step fails they stay dead
 *       in this process, and the caller learns that it failed.
 *   <li>Fact with the secret in the store, durable: from here on it survives anything, and the
 *       handle is spent.
 *   <li>Promise signed and returned.
 *   <li>{@code WITHDRAW} leaf, asynchronously; tried again by {@link #tick} and at every start
 *       until it is in the log.
 * </ol>
 *
 * <p>When the store fails, what it was given may or may not be kept: a yes in that doubt has no
 * permit, but can be withdrawn. Thread-safe. Exceptions of holders and listeners are thrown to the
 * caller after all the work is done.
 */
public final class Consents {
  /** How far the clock of a device may be off. */
  public static final Duration TOLERANCE = Duration.ofMinutes(2);

  /** More answers than anybody gives by hand in a meeting. */
  static final int MAX_ANSWERS = 500;

  private static final System.Logger LOGGER = System.getLogger(Consents.class.getName());

  private final Journal journal;
  private final ConsentStore store;
  private final InstantSource clock;
  private final Executor background;
  private final Object lock = new Object();
  private final Ledger ledger;
  private final Map<MeetingId, Offer> offers = new HashMap<>();
  private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();

  /** Handles whose answer is on its way into the log and store. */
  private final Map<Handle, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();

  /** A yes that the store may or may not have kept; it has no permit. Guarded by lock. */
  private final Map<Handle, Ledger.Answered> inDoubt = new HashMap<>();

  /** Withdrawals whose leaf was handed to the log. Guarded by lock. */
  private final Set<Handle> submitted = new HashSet<>();

  /** What became of an answered card. */
  public sealed interface Answering {
    /** It counts. The same receipt and salt sent again give the same. */
    record Answered(long index, String proof, List<Grant> grants) implements Answering {
      public Answered {
        grants = List.copyOf(grants);
      }
    }

    /** Nothing was stored, nothing granted. */
    record Refused(Refusal reason, String detail) implements Answering {}
  }

  /** What became of a withdrawal. */
  public sealed interface Withdrawing {
    /**
     * The permit is dead and the withdrawal durable.
     *
     * @param promise a note signed by the log's key: the leaf is in the log within 60 s
     */
    record Promised(Handle handle, String promise) implements Withdrawing {}

    /** It was withdrawn before; the promise is the same as then. */
    record AlreadyWithdrawn(Handle handle, String promise) implements Withdrawing {}

    /** Nobody granted under this secret. Nothing changed. */
    record Unknown() implements Withdrawing {}
  }

  /** Loads what was stored, and sees to it that every durable withdrawal comes into the log. */
  public Consents(Log log, ConsentStore store, InstantSource clock) {
    this(Journal.of(log), store, clock, Thread::startVirtualThread);
  }

  Consents(Journal journal, ConsentStore store, InstantSource clock, Executor background) {
    this.journal = journal;
    this.store = store;
    this.clock = clock;
    this.background = background;
    this.ledger = Ledger.of(store.load());
    if (ledger.logSize() > journal.size()) {
      throw new IllegalStateException(
          "the log has "
              + journal.size()
              + " leaves, but answers were stored up to leaf "
              + ledger.logSize()
              + ": the log is older than the store, or another one");
    }
    honourLoggedWithdrawals();
    submitWithdrawals();
  }

  /**
   * Has {@code listener} told of every change after it is in effect, on the thread that caused it.
   */
  public void onChange(Consumer<Change> listener) {
    listeners.add(listener);
  }

  // ---- what may be asked

  /** Puts a text into the log, once. Returns the index of its {@code NOTICE} leaf. */
  public long publish(Notice notice) {
    synchronized (lock) {
      var index = ledger.noticeIndex(notice.hash());
      if (index.isPresent()) {
        return index.getAsLong();
      }
    }
    long index = journal.append(new Leaf.Notice(notice.hash())).index();
    synchronized (lock) {
      keep(new Event.NoticePublished(now(), notice.text(), index));
      return ledger.noticeIndex(notice.hash()).orElseThrow();
    }
  }

  /** Any text that was ever published here. */
  public Optional<Notice> notice(Hash hash) {
    synchronized (lock) {
      return ledger.notice(hash);
    }
  }

  /**
   * Opens a meeting for answers, or changes what it may ask.
   *
   * <p>Permits that no longer fit end at once: those for a purpose that is no longer offered may
   * come back with it; a grant to a recipient whose key or processor changed is invalid for good.
   * Grants of this meeting that fit get their permits, also after a restart.
   *
   * @throws IllegalStateException when the meeting is over or a notice was not published
   */
  public void offer(MeetingId meeting, Offer offer) {
    telling(told -> {
      synchronized (lock) {
        demandOpen(meeting, offer);
        offers.put(meeting, offer);
        List<Event> facts = new ArrayList<>();
        for (Holding holding : ledger.of(meeting)) {
          if (holding.state == State.GIVEN && !fit(holding, offer, told)) {
            facts.add(new Event.Invalidated(now(), holding.grant.handle()));
            told.changes.add(new Change.Ended(holding.grant, State.INVALIDATED));
          }
        }
        if (!facts.isEmpty()) {
          keep(facts);
        }
        told.changes.add(new Change.Offered(meeting));
        return true;
      }
    });
  }

  private void demandOpen(MeetingId meeting, Offer offer) {
    if (ledger.ended(meeting)) {
      throw new IllegalStateException("a meeting that is over asks nothing");
    }
    for (Notice notice : offer.notices()) {
      if (ledger.noticeIndex(notice.hash()).isEmpty()) {
        throw new IllegalStateException("a notice must be in the log before it is shown");
      }
    }
  }

  /**
   * Opens or closes the permit of a grant as the offer has it; false when the grant itself is over.
   */
  private static boolean fit(Holding holding, Offer offer, Told told) {
    if (!offer.recipients().contains(holding.recipient)) {
      told.holders.addAll(holding.stop());
      return false;
    }
    if (offer.purposes().contains(holding.grant.purpose())) {
      holding.open(deadline(holding.grant));
    } else {
      told.holders.addAll(holding.close());
    }
    return true;
  }

  /** Ends a meeting: all its permits are dead at once, and it takes no more answers. Idempotent. */
  public void endMeeting(MeetingId meeting) {
    telling(told -> {
      synchronized (lock) {
        ledger.of(meeting).forEach(holding -> told.holders.addAll(holding.close()));
        offers.remove(meeting);
        if (!ledger.ended(meeting)) {
          keep(new Event.MeetingEnded(now(), meeting));
          told.changes.add(new Change.MeetingOver(meeting));
        }
        return true;
      }
    });
  }

  // ---- answers

  /**
   * Takes an answered card from the seat that it names.
   *
   * @throws RuntimeException when log or store fail; nothing is granted then
   */
  public Answering answer(Seat seat, String jws, Salt salt) {
    return telling(told -> {
      Map<Handle, CompletableFuture<Void>> reserved = new HashMap<>();
      try {
        return answer(seat, Receipt.read(jws), salt, reserved, told);
      } catch (Flaw flaw) {
        return new Answering.Refused(flaw.reason(), flaw.detail());
      } finally {
        reserved.forEach(pending::remove);
        reserved.values().forEach(done -> done.complete(null));
      }
    });
  }

  private Answering answer(
      Seat seat,
      Receipt receipt,
      Salt salt,
      Map<Handle, CompletableFuture<Void>> reserved,
      Told told)
      throws Flaw {
    Hash commitment = Hash.of(Receipt.commitment(receipt.jws(), salt));
    synchronized (lock) {
      Optional<Ledger.Answered> before = before(seat, receipt, commitment);
      if (before.isPresent()) {
        return answered(before.get());
      }
      fresh(receipt);
      check(seat, receipt);
      reserve(receipt, reserved);
      refused(receipt).forEach(holding -> told.holders.addAll(holding.stop()));
    }
    told.holders();
    Appended leaf = journal.append(new Leaf.Answer(commitment));
    synchronized (lock) {
      Optional<Ledger.Answered> before = before(seat, receipt, commitment);
      if (before.isPresent()) {
        return answered(before.get());
      }
      Offer offer = check(seat, receipt);
      List<Holding> refused = refused(receipt);
      refused.forEach(holding -> told.holders.addAll(holding.stop()));
      Ledger.Answered answered =
          new Ledger.Answered(
              new Event.Answered(now(), receipt.jws(), salt, leaf.index(), offer.until()), receipt);
      keepAnswer(answered);
      open(receipt);
      refused.forEach(h -> told.changes.add(new Change.Ended(h.grant, State.REFUSED)));
      told.changes.add(new Change.Answered(seat.person(), seat.meeting()));
      return new Answering.Answered(leaf.index(), leaf.proof(), grants(answered));
    }
  }

  /** The same receipt under the same salt, when it was answered from this seat's person before. */
  private Optional<Ledger.Answered> before(Seat seat, Receipt receipt, Hash commitment) {
    return ledger.answered(commitment).filter(_ -> receipt.person().equals(seat.person()));
  }

  private Answering.Answered answered(Ledger.Answered before) {
    long index = before.fact().index();
    return new Answering.Answered(index, journal.proof(index), grants(before));
  }

  private static List<Grant> grants(Ledger.Answered answered) {
    List<Grant> grants = new ArrayList<>();
    for (Receipt.Answer answer : answered.receipt().choices()) {
      if (answer instanceof Receipt.Answer.Yes yes) {
        grants.add(Ledger.grant(answered, yes));
      }
    }
    return grants;
  }

  private void fresh(Receipt receipt) throws Flaw {
    Duration age = Duration.between(receipt.issued(), clock.instant()).abs();
    if (age.compareTo(TOLERANCE) > 0) {
      throw new Flaw(Refusal.STALE, "issued is not within " + TOLERANCE.toSeconds() + " s");
    }
  }

  private Offer check(Seat seat, Receipt receipt) throws Flaw {
    demand(receipt.origin().equals(journal.origin()), Refusal.WRONG_ORIGIN, "origin");
    demand(receipt.meeting().equals(seat.meeting()), Refusal.WRONG_MEETING, "meeting");
    demand(
        receipt.participant().equals(seat.participant()), Refusal.WRONG_PARTICIPANT, "participant");
    demand(receipt.person().equals(seat.person()), Refusal.WRONG_PERSON, "jwk");
    Offer offer = offers.get(seat.meeting());
    if (offer == null || !clock.instant().isBefore(offer.until())) {
      throw new Flaw(Refusal.MEETING_CLOSED, "meeting");
    }
    Notice notice =
        offer
            .notice(receipt.notice())
            .orElseThrow(() -> new Flaw(Refusal.UNKNOWN_NOTICE, "notice"));
    demand(
        receipt.controller().equals(notice.controller().name()),
        Refusal.WRONG_CONTROLLER,
        "controller");
    Recipient recipient =
        offer
            .recipient(receipt.recipient().id())
            .orElseThrow(() -> new Flaw(Refusal.WRONG_RECIPIENT, "recipient.id"));
    demand(
        receipt.recipient().key().equals(recipient.key()),
        Refusal.WRONG_RECIPIENT,
        "recipient.key");
    demand(
        receipt.recipient().processor().equals(recipient.processor()),
        Refusal.WRONG_PROCESSOR,
        "recipient.processor");
    demand(!ledger.knows(receipt), Refusal.REPLAYED, "id");
    demand(
        ledger.answersOf(seat.person(), seat.meeting()) < MAX_ANSWERS, Refusal.TOO_MANY, "choices");
    for (Receipt.Answer answer : receipt.choices()) {
      demand(notice.asks(answer.purpose(), answer.medium()), Refusal.NOT_OFFERED, "choices");
      if (answer instanceof Receipt.Answer.Yes yes) {
        demand(offer.purposes().contains(yes.purpose()), Refusal.NOT_OFFERED, "choices");
        demand(!ledger.spent(yes.handle()), Refusal.HANDLE_USED, "choices.handle");
        demand(!ledger.overtaken(receipt, answer), Refusal.OVERTAKEN, "issued");
        demand(
            ledger.standing(receipt, answer).filter(h -> h.state == State.GIVEN).isEmpty(),
            Refusal.ALREADY_GIVEN,
            "choices");
      }
    }
    return offer;
  }

  private static void demand(boolean condition, Refusal otherwise, String field) throws Flaw {
    if (!condition) {
      throw new Flaw(otherwise, field);
    }
  }

  private void reserve(Receipt receipt, Map<Handle, CompletableFuture<Void>> reserved) throws Flaw {
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.Yes yes) {
        Ledger.Answered doubtful = inDoubt.get(yes.handle());
        demand(
            doubtful == null || doubtful.receipt().jws().equals(receipt.jws()),
            Refusal.HANDLE_USED,
            "choices.handle");
        CompletableFuture<Void> done = new CompletableFuture<>();
        demand(
            pending.putIfAbsent(yes.handle(), done) == null, Refusal.HANDLE_USED, "choices.handle");
        reserved.put(yes.handle(), done);
      }
    }
  }

  /** The standing grants that this receipt answers with a no. */
  private List<Holding> refused(Receipt receipt) {
    List<Holding> refused = new ArrayList<>();
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.No) {
        ledger
            .standing(receipt, answer)
            .filter(holding -> holding.state == State.GIVEN)
            .ifPresent(refused::add);
      }
    }
    return refused;
  }

  private void keepAnswer(Ledger.Answered answered) {
    for (Grant grant : grants(answered)) {
      inDoubt.put(grant.handle(), answered);
    }
    keep(answered.fact());
    for (Grant grant : grants(answered)) {
      inDoubt.remove(grant.handle());
    }
  }

  private void open(Receipt receipt) {
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.Yes yes) {
        Holding holding = ledger.holding(yes.handle()).orElseThrow();
        if (holding.state == State.GIVEN) {
          holding.open(deadline(holding.grant));
        }
      }
    }
  }

  private static long deadline(Grant grant) {
    return grant.until().toEpochMilli();
  }

  // ---- withdrawals

  /**
   * Takes a grant back, for whoever has its secret. Idempotent.
   *
   * @throws RuntimeException when the store fails: the permit is dead, but the withdrawal may not
   *     survive a restart; it is to be sent again
   */
  public Withdrawing withdraw(WithdrawalSecret secret) {
    Handle handle = secret.handle();
    CompletableFuture<Void> answering = pending.get(handle);
    if (answering != null) {
      answering.join();
    }
    return telling(told -> withdraw(handle, secret, told));
  }

  private Withdrawing withdraw(Handle handle, WithdrawalSecret secret, Told told) {
    // Without the lock: nothing slow may stand between the person's no and the permit's death.
    ledger.holding(handle).ifPresent(holding -> told.holders.addAll(holding.stop()));
    told.holders();
    Event.Withdrawn fact;
    synchronized (lock) {
      Optional<Event.Withdrawn> before = ledger.withdrawn(handle);
      if (before.isPresent()) {
        return new Withdrawing.AlreadyWithdrawn(handle, promise(handle, before.get()));
      }
      Optional<Holding> holding = ledger.holding(handle);
      if (holding.isEmpty() && !inDoubt.containsKey(handle)) {
        return new Withdrawing.Unknown();
      }
      holding.ifPresent(h -> told.holders.addAll(h.stop()));
      // After the stop: every use that appendUse accepted is in a log of this size.
      fact = new Event.Withdrawn(now(), secret, journal.size());
      keep(fact);
      holding.ifPresent(h -> told.changes.add(new Change.Ended(h.grant, State.WITHDRAWN)));
    }
    submitWithdrawals();
    return new Withdrawing.Promised(handle, promise(handle, fact));
  }

  private String promise(Handle handle, Event.Withdrawn fact) {
    return journal.sign(
        "aye-promise/1\n%s\n%s\n%d\n%s\n"
            .formatted(
                journal.origin(),
                Hash.of(handle.bytes()).b64(),
                fact.logSize(),
                Receipt.format(fact.at())));
  }

  /** Hands every durable withdrawal to the log that it does not have and was not handed yet. */
  private void submitWithdrawals() {
    List<Event.Withdrawn> due;
    synchronized (lock) {
      due =
          ledger.unlogged().stream().filter(fact -> submitted.add(fact.secret().handle())).toList();
    }
    for (Event.Withdrawn fact : due) {
      submit(fact.secret());
    }
  }

  private void submit(WithdrawalSecret secret) {
    Handle handle = secret.handle();
    CompletableFuture<Appended> leaf;
    try {
      leaf = journal.submit(new Leaf.Withdraw(Secret32.of(secret.bytes())));
    } catch (RuntimeException e) {
      leaf = CompletableFuture.failedFuture(e);
    }
    leaf.thenAcceptAsync(appended -> logged(handle, appended.index()), background)
        .exceptionally(e -> {
          // Durable in the store, so nothing is lost: the next tick or the next start tries again.
          LOGGER.log(System.Logger.Level.ERROR, "a withdrawal is not in the log yet: " + e);
          synchronized (lock) {
            submitted.remove(handle);
          }
          return null;
        });
  }

  private void logged(Handle handle, long index) {
    telling(told -> {
      synchronized (lock) {
        keep(new Event.WithdrawalLogged(now(), handle, index));
        ledger.withdrawals().stream()
            .filter(withdrawal -> withdrawal.handle().equals(handle))
            .forEach(withdrawal -> told.changes.add(new Change.Logged(withdrawal)));
        return true;
      }
    });
  }

  /**
   * Applies withdrawals that the log has and the store has not: it was restored from an older copy,
   * or the process ended between leaf and fact.
   */
  private void honourLoggedWithdrawals() {
    List<Event> facts = new ArrayList<>();
    journal.leaves(
        0,
        journal.size(),
        (index, leaf) -> {
          if (leaf instanceof Leaf.Withdraw withdraw) {
            WithdrawalSecret secret = WithdrawalSecret.of(withdraw.secret().bytes());
            Handle handle = secret.handle();
            if (ledger.withdrawn(handle).isEmpty()) {
              facts.add(new Event.Withdrawn(now(), secret, index));
            }
            if (ledger.unlogged(handle)) {
              facts.add(new Event.WithdrawalLogged(now(), handle, index));
            }
          }
        });
    if (!facts.isEmpty()) {
      keep(facts);
    }
  }

  /**
   * To be called every second or so: tries failed withdrawals again and tells the holders of
   * permits that expired.
   */
  public void tick() {
    submitWithdrawals();
    telling(told -> {
      long now = clock.millis();
      synchronized (lock) {
        for (MeetingId meeting : offers.keySet()) {
          for (Holding holding : ledger.of(meeting)) {
            if (holding.permit().filter(permit -> !permit.live(now)).isPresent()) {
              told.holders.addAll(holding.close());
            }
          }
        }
        return true;
      }
    });
  }

  // ---- uses that go into the log

  /**
   * Puts into the log that what was kept under these grants is used: a {@code CAPTURE}, {@code
   * DATASET} or {@code MODEL} leaf.
   *
   * <p>Empty when one of the grants ended before the leaf was in a published tree. The use has lost
   * then: the caller drops what it was about to use and makes it anew without that grant. A leaf
   * may be in the log all the same, with nothing behind it.
   *
   * <p>So every accepted use stands before the log size that a later promise names, and nothing has
   * to wait: the grants are asked once more after the leaf is published, and a withdrawal reads the
   * size of the log only after its grant is dead. Whichever comes first, one of the two sees the
   * other.
   *
   * @throws RuntimeException when the log fails; nothing may be used then
   */
  public Optional<Appended> appendUse(Leaf leaf, Collection<Handle> grants) {
    switch (leaf) {
      case Leaf.Capture _, Leaf.Dataset _, Leaf.Model _ -> {}
      default -> throw new IllegalArgumentException("this leaf stands for no use");
    }
    if (!grants.stream().allMatch(this::stands)) {
      return Optional.empty();
    }
    Appended appended = journal.append(leaf);
    return grants.stream().allMatch(this::stands) ? Optional.of(appended) : Optional.empty();
  }

  /** Whether what was kept under this grant may be used, for the purpose that it names. */
  public boolean stands(Handle grant) {
    return ledger.holding(grant).flatMap(Holding::use).isPresent();
  }

  // ---- questions

  /**
   * The live permit to take in this medium of this person for this purpose, if there is one now.
   */
  public <P extends Purpose> Optional<Permit<P>> permit(
      PersonId person, MeetingId meeting, P purpose, Medium medium, RecipientId recipient) {
    return ledger
        .standing(meeting, person, recipient, purpose, medium)
        .flatMap(Holding::permit)
        .filter(permit -> permit.live(clock.millis()))
        .map(permit -> {
          // A holding's permit has the purpose of its row, and a purpose has one instance.
          @SuppressWarnings("unchecked")
          Permit<P> typed = (Permit<P>) permit;
          return typed;
        });
  }

  /** Leave to use what was kept under a grant, while it stands. */
  public <P extends Purpose> Optional<Use<P>> use(Handle handle, P purpose) {
    return ledger
        .holding(handle)
        .filter(holding -> holding.grant.purpose().equals(purpose))
        .flatMap(Holding::use)
        .map(use -> {
          // Checked above; a purpose has one instance.
          @SuppressWarnings("unchecked")
          Use<P> typed = (Use<P>) use;
          return typed;
        });
  }

  /** Every standing leave to use what was kept for a purpose. */
  public <P extends Purpose> List<Use<P>> uses(P purpose) {
    return ledger.all().stream()
        .flatMap(holding -> use(holding.grant.handle(), purpose).stream())
        .toList();
  }

  /**
   * For which purposes something of anybody may be taken in now: what the sign of the meeting shows
   * to everybody.
   */
  public Set<Purpose> active(MeetingId meeting) {
    Set<Purpose> active = new LinkedHashSet<>();
    long now = clock.millis();
    synchronized (lock) {
      for (Holding holding : ledger.of(meeting)) {
        holding.permit().filter(p -> p.live(now)).ifPresent(p -> active.add(p.purpose()));
      }
    }
    return active;
  }

  /** What a person answered, as it stands. For that person's eyes only. */
  public List<Choice> choices(PersonId person) {
    synchronized (lock) {
      return ledger.choices(person, clock.instant());
    }
  }

  /** What a person answered in a meeting, as it stands. For that person's eyes only. */
  public List<Choice> choices(PersonId person, MeetingId meeting) {
    return choices(person).stream().filter(choice -> choice.meeting().equals(meeting)).toList();
  }

  /** What a person had answered by then, as it stood then. For that person's eyes only. */
  public List<Choice> asOf(Instant then, PersonId person) {
    List<Event> facts = store.load().stream().filter(fact -> !fact.at().isAfter(then)).toList();
    return Ledger.of(facts).choices(person, then);
  }

  /** The cards that a person answered, with what proves them. For that person's eyes only. */
  public List<Card> cards(PersonId person) {
    synchronized (lock) {
      return ledger.cards(person, clock.instant());
    }
  }

  /** All withdrawals in their order: what there is to be forgotten. Not for display. */
  public List<Withdrawal> withdrawals() {
    synchronized (lock) {
      return ledger.withdrawals();
    }
  }

  /** Grants that ended otherwise than by withdrawal: to be forgotten as well. Not for display. */
  public List<Grant> ended() {
    synchronized (lock) {
      return ledger.all().stream()
          .filter(holding -> holding.state != State.GIVEN && holding.state != State.WITHDRAWN)
          .map(holding -> holding.grant)
          .toList();
    }
  }

  public List<Withdrawal> withdrawals(PersonId person) {
    return withdrawals().stream().filter(w -> w.grant().person().equals(person)).toList();
  }

  // ---- what everything above stands on

  private void keep(Event fact) {
    keep(List.of(fact));
  }

  /** Durable first, then in effect. Under the lock. */
  private void keep(List<Event> facts) {
    store.append(facts);
    facts.forEach(ledger::apply);
  }

  /** To the millisecond, as it is written in promises. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  /** Who is to be told of what a piece of work did, once it holds no lock. */
  private final class Told {
    final List<Runnable> holders = new ArrayList<>();

    /** Only what is durable. */
    final List<Change> changes = new ArrayList<>();

    final List<RuntimeException> thrown = new ArrayList<>();

    /** Runs the holders there are so far. */
    void holders() {
      List<Runnable> due = List.copyOf(holders);
      holders.clear();
      due.forEach(this::run);
    }

    void all() {
      holders();
      for (Change change : changes) {
        listeners.forEach(listener -> run(() -> listener.accept(change)));
      }
    }

    private void run(Runnable told) {
      try {
        told.run();
      } catch (RuntimeException e) {
        thrown.add(e);
      }
    }
  }

  /**
   * Does the work, then tells everybody concerned, all of them whatever one of them throws, and
   * also when the work failed: a permit that died is dead.
   */
  private <T> T telling(Function<Told, T> work) {
    Told told = new Told();
    T result;
    try {
      result = work.apply(told);
    } catch (RuntimeException e) {
      told.all();
      told.thrown.forEach(e::addSuppressed);
      throw e;
    }
    told.all();
    if (!told.thrown.isEmpty()) {
      IllegalStateException failed =
          new IllegalStateException(
              "the change is in effect, but " + told.thrown.size() + " of those to be told failed");
      told.thrown.forEach(failed::addSuppressed);
      throw failed;
    }
    return result;
  }
}
