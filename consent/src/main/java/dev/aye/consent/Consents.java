package dev.aye.consent;

import dev.aye.log.Appended;
import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
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
 * durable, which reaches a meeting that is open, and which fits the meeting's {@link Offer} as it
 * is now: the same recipient, key and processor, and the row word for word as it was shown. A yes
 * from another meeting also needs its person to {@linkplain #sit sit} in this one.
 *
 * <p><b>A yes, in this order</b> ({@link #answer}); what a crash after each step leaves behind:
 *
 * <ol>
 *   <li>Checked against seat, offer and clock. A no in it ends what stood for its row already, and
 *       durably, as a withdrawal does: whatever becomes of the rest. A yes has left nothing behind.
 *   <li>{@code ANSWER} leaf in the log, durable; where any row is a yes, seen by a quorum of its
 *       witnesses. Left behind: a commitment that nobody can open. The device may send the same
 *       receipt again.
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
 * <p>{@link #revoke} is the same by the controller, with a {@code REVOKE} leaf.
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

  private final OpenMeetings open;

  /** Grants whose time is not over yet, the first to end first. Guarded by lock. */
  private final PriorityQueue<Holding> ending =
      new PriorityQueue<>(Comparator.comparing((Holding holding) -> holding.grant.until()));

  private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();

  /** Handles whose answer is on its way into the log and store. */
  private final Map<Handle, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();

  /** A yes that the store may or may not have kept; it has no permit. Guarded by lock. */
  private final Map<Handle, Ledger.Answered> inDoubt = new HashMap<>();

  /** Guarded by lock. */
  private final Forestalled forestalled = new Forestalled();

  /** Leaves that end a grant and were handed to the log. Guarded by lock. */
  private final Set<Ledger.Owed> submitted = new HashSet<>();

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

    /**
     * Nobody granted under this secret, or this person not under this handle. Nothing is stored; a
     * yes under the secret that is still on its way does not count when it comes.
     */
    record Unknown() implements Withdrawing {}
  }

  /** What became of a revocation. */
  public sealed interface Revoking {
    /**
     * The permit is dead and the revocation durable.
     *
     * @param promise a note signed by the log's key: the leaf is in the log within 60 s
     */
    record Promised(Grant grant, String promise) implements Revoking {}

    /** It was over already; a grant that was revoked before gives the same promise as then. */
    record AlreadyOver(Grant grant, State state, Optional<String> promise) implements Revoking {}

    /** There is no such grant. Nothing changed. */
    record Unknown() implements Revoking {}
  }

  /**
   * A text that was published.
   *
   * @param index of its {@code NOTICE} leaf
   */
  public record Published(Notice notice, long index, Instant at) {}

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
    this.open = new OpenMeetings(ledger, journal.origin(), clock);
    if (ledger.logSize() > journal.size()) {
      throw new IllegalStateException(
          "the log has "
              + journal.size()
              + " leaves, but answers were stored up to leaf "
              + ledger.logSize()
              + ": the log is older than the store, or another one");
    }
    honourLoggedEnds();
    ledger.all().stream().filter(holding -> !holding.over).forEach(ending::add);
    submitOwed();
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

  /**
   * Publishes the texts of this build, as the next version in every language when any of them
   * differs in a word from the last, and gives what is current then.
   *
   * @param controller who it is in the words of each language
   */
  public List<Notice> publish(Function<String, Controller> controller) {
    List<Notice> before;
    synchronized (lock) {
      List<Notice> all = ledger.published().stream().map(Ledger.Published::notice).toList();
      int last = all.stream().mapToInt(Notice::version).max().orElse(1);
      before = all.stream().filter(notice -> notice.version() == last).toList();
    }
    int version = before.isEmpty() ? 1 : before.getFirst().version();
    List<Notice> texts = Notice.current(version, controller);
    if (!texts.containsAll(before)) {
      texts = Notice.current(version + 1, controller);
    }
    texts.forEach(this::publish);
    return texts;
  }

  /** Every text that was ever published here, the first one first. */
  public List<Published> notices() {
    synchronized (lock) {
      return ledger.published().stream()
          .map(published -> new Published(published.notice(), published.index(), published.at()))
          .toList();
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
   * come back with it, and those for a row that is now asked in other words with the words; a grant
   * to a recipient whose key or processor changed is invalid for good. Grants that reach this
   * meeting and fit get their permits, also after a restart.
   *
   * @throws IllegalStateException when the meeting is over or a notice was not published
   */
  public void offer(MeetingId meeting, Offer offer) {
    telling(told -> {
      synchronized (lock) {
        demandOpen(meeting, offer);
        open.put(meeting, offer);
        settle(meeting, open.reaching(meeting), told);
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
   * Opens and closes permits of a meeting as its offer, its seats and what people said have it.
   * Whether a permit was made or ended.
   */
  private boolean settle(MeetingId meeting, Collection<Holding> holdings, Told told) {
    Optional<Offer> asked = open.offer(meeting);
    if (asked.isEmpty()) {
      return false;
    }
    Offer offer = asked.get();
    boolean changed = false;
    List<Event> facts = new ArrayList<>();
    for (Holding holding : holdings) {
      if (holding.state != State.GIVEN) {
        continue;
      }
      if (OpenMeetings.isOther(holding, meeting, offer)) {
        told.holders.addAll(holding.stop());
        facts.add(new Event.Invalidated(now(), holding.grant.handle()));
        told.ended(holding, State.INVALIDATED);
      } else if (open.covers(holding, meeting, offer)) {
        long deadline = min(holding.grant.until(), offer.until()).toEpochMilli();
        changed |= deadline > clock.millis() && holding.open(meeting, deadline);
      } else {
        changed |= holding.permit(meeting).isPresent();
        told.holders.addAll(holding.close(meeting));
      }
    }
    if (!facts.isEmpty()) {
      keep(facts);
    }
    return changed;
  }

  private static Instant min(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  /**
   * Notes that somebody sits in a meeting, after a restart too: what they granted beyond their
   * earlier meetings gets its permits here.
   */
  public void sit(Seat seat) {
    telling(told -> {
      synchronized (lock) {
        if (!ledger.ended(seat.meeting())) {
          open.sit(seat);
          if (settle(seat.meeting(), ledger.wide(seat.person()), told)) {
            told.changes.add(new Change.Answered(seat.person(), seat.meeting()));
          }
        }
        return true;
      }
    });
  }

  /**
   * Notes that a seat is gone: with the last one of a person, what reached it from elsewhere ends.
   */
  public void rise(Seat seat) {
    telling(told -> {
      synchronized (lock) {
        if (open.rise(seat) && settle(seat.meeting(), ledger.wide(seat.person()), told)) {
          told.changes.add(new Change.Answered(seat.person(), seat.meeting()));
        }
        return true;
      }
    });
  }

  /** Ends a meeting: all its permits are dead at once, and it takes no more answers. Idempotent. */
  public void endMeeting(MeetingId meeting) {
    telling(told -> {
      synchronized (lock) {
        open.reaching(meeting).forEach(holding -> told.holders.addAll(holding.close(meeting)));
        open.close(meeting);
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
   * @throws RuntimeException when log or store fail; nothing is granted then. What its noes end has
   *     ended all the same; only if the store failed may it come back with a restart, and the card
   *     is to be sent again
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
      open.check(seat, receipt);
      reserve(receipt, reserved);
      refuseDurably(receipt, told);
    }
    told.all();
    Leaf answer = new Leaf.Answer(commitment);
    Appended leaf = receipt.grants() ? journal.append(answer) : journal.appendUnwitnessed(answer);
    synchronized (lock) {
      Optional<Ledger.Answered> before = before(seat, receipt, commitment);
      if (before.isPresent()) {
        return answered(before.get());
      }
      Offer offer = open.check(seat, receipt);
      Set<Holding> refused = refuse(receipt, told);
      Ledger.Answered answered =
          new Ledger.Answered(
              new Event.Answered(now(), receipt.jws(), salt, leaf.index(), offer.until()), receipt);
      keepAnswer(answered);
      open.sit(seat);
      settle(seat, told);
      refused.forEach(h -> told.ended(h, State.REFUSED));
      return new Answering.Answered(leaf.index(), leaf.proof(), grants(answered));
    }
  }

  /** Opens and closes permits of a person who answered, in every meeting that it may concern. */
  private void settle(Seat seat, Told told) {
    told.changes.add(new Change.Answered(seat.person(), seat.meeting()));
    for (MeetingId meeting : open.meetings()) {
      boolean here = meeting.equals(seat.meeting());
      if (here) {
        settle(meeting, open.reaching(meeting), told);
      } else if (open.sits(seat.person(), meeting)
          && settle(meeting, ledger.wide(seat.person()), told)) {
        told.changes.add(new Change.Answered(seat.person(), meeting));
      }
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

  private void reserve(Receipt receipt, Map<Handle, CompletableFuture<Void>> reserved) throws Flaw {
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.Yes yes) {
        Ledger.Answered doubtful = inDoubt.get(yes.handle());
        Flaw.demand(
            doubtful == null || doubtful.receipt().jws().equals(receipt.jws()),
            Refusal.HANDLE_USED,
            "choices.handle");
        Flaw.demand(
            !forestalled.holds(yes.handle(), clock.instant()),
            Refusal.HANDLE_USED,
            "choices.handle");
        CompletableFuture<Void> done = new CompletableFuture<>();
        Flaw.demand(
            pending.putIfAbsent(yes.handle(), done) == null, Refusal.HANDLE_USED, "choices.handle");
        reserved.put(yes.handle(), done);
      }
    }
  }

  /**
   * Ends what this receipt answers with a no, here and now: neither log nor witnesses, nor a yes in
   * it that must wait for them, can hold that up or undo it.
   */
  private void refuseDurably(Receipt receipt, Told told) {
    Set<Holding> refused = refuse(receipt, told);
    if (ledger.ends(receipt)) {
      keep(new Event.Refused(now(), receipt.jws(), journal.size()));
      told.changes.add(new Change.Answered(receipt.person(), receipt.meeting()));
      refused.forEach(holding -> told.ended(holding, State.REFUSED));
    }
  }

  /**
   * Ends what this receipt answers with a no, in this process for good: grants that it ends, and
   * the permits here of wider ones that it does not reach. Gives the grants that it ends.
   */
  private Set<Holding> refuse(Receipt receipt, Told told) {
    Set<Holding> refused = new LinkedHashSet<>();
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.No no) {
        refused.addAll(ledger.endedBy(receipt, no));
        for (Holding holding : ledger.wide(receipt.person())) {
          if (holding.grant.purpose().equals(no.purpose())
              && holding.grant.medium() == no.medium()
              && holding.grant.recipient().equals(receipt.recipient().id())) {
            open.barred(receipt.scope(), receipt.meeting(), holding)
                .forEach(meeting -> told.holders.addAll(holding.bar(meeting)));
          }
        }
      }
    }
    refused.forEach(holding -> told.holders.addAll(holding.stop()));
    return refused;
  }

  private void keepAnswer(Ledger.Answered answered) {
    for (Grant grant : grants(answered)) {
      inDoubt.put(grant.handle(), answered);
    }
    store.append(List.of(answered.fact())); // durable first, then in effect
    ledger.take(answered);
    for (Grant grant : grants(answered)) {
      inDoubt.remove(grant.handle());
      ledger.holding(grant.handle()).ifPresent(ending::add);
    }
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
    Optional<Withdrawing> done = Optional.empty();
    while (done.isEmpty()) {
      awaitAnswer(handle);
      done = telling(told -> withdraw(handle, secret, told));
    }
    return done.get();
  }

  /** Waits for an answer under this handle that is on its way into log and store. */
  private void awaitAnswer(Handle handle) {
    CompletableFuture<Void> answering = pending.get(handle);
    if (answering != null) {
      answering.join();
    }
  }

  /** Empty if an answer under this handle came on its way meanwhile. */
  private Optional<Withdrawing> withdraw(Handle handle, WithdrawalSecret secret, Told told) {
    // Without the lock: nothing slow may stand between the person's no and the permit's death.
    ledger.holding(handle).ifPresent(holding -> told.holders.addAll(holding.stop()));
    told.holders();
    Event.Withdrawn fact;
    synchronized (lock) {
      Optional<Event.Withdrawn> before = ledger.withdrawn(handle);
      if (before.isPresent()) {
        Event.Withdrawn then = before.get();
        return Optional.of(
            new Withdrawing.AlreadyWithdrawn(handle, promise(handle, then.logSize(), then.at())));
      }
      Optional<Holding> holding = ledger.holding(handle);
      if (holding.isEmpty() && !inDoubt.containsKey(handle)) {
        if (pending.containsKey(handle)) {
          return Optional.empty();
        }
        forestalled.add(handle, clock.instant());
        return Optional.of(new Withdrawing.Unknown());
      }
      holding.ifPresent(h -> told.holders.addAll(h.stop()));
      // After the stop: every use that appendUse accepted is in a log of this size.
      fact = new Event.Withdrawn(now(), secret, journal.size());
      keep(fact);
      holding.ifPresent(h -> told.ended(h, State.WITHDRAWN));
    }
    submitOwed();
    return Optional.of(
        new Withdrawing.Promised(handle, promise(handle, fact.logSize(), fact.at())));
  }

  /**
   * Takes a grant back for the person whose key signed it, who no longer has its secret: in the
   * same order, with a {@code REVOKE} leaf. Idempotent. A handle of somebody else is as unknown as
   * one that nobody has.
   *
   * @throws RuntimeException as {@link #withdraw(WithdrawalSecret)}
   */
  public Withdrawing withdraw(DeviceProof.Checked.Proven person, Handle handle) {
    awaitAnswer(handle);
    return telling(told -> withdraw(person.person(), handle, told));
  }

  private Withdrawing withdraw(PersonId person, Handle handle, Told told) {
    Optional<Holding> found = ledger.holding(handle);
    if (found.isPresent() && !found.get().grant.person().equals(person)) {
      return new Withdrawing.Unknown();
    }
    found.ifPresent(holding -> told.holders.addAll(holding.stop()));
    told.holders();
    Event.Revoked fact;
    synchronized (lock) {
      Optional<Event.Withdrawn> bySecret = ledger.withdrawn(handle);
      Optional<Event.Revoked> byHandle = ledger.revoked(handle);
      Optional<Holding> holding = ledger.holding(handle);
      Ledger.Answered doubtful = inDoubt.get(handle);
      boolean own =
          holding.isPresent()
              ? holding.get().grant.person().equals(person)
              : doubtful != null && doubtful.receipt().person().equals(person);
      if (!own) {
        return new Withdrawing.Unknown();
      }
      if (bySecret.isPresent() || byHandle.isPresent()) {
        long size = byHandle.map(Event.Revoked::logSize).orElseGet(() -> bySecret.get().logSize());
        Instant at = byHandle.map(Event.Revoked::at).orElseGet(() -> bySecret.get().at());
        return new Withdrawing.AlreadyWithdrawn(handle, promise(handle, size, at));
      }
      holding.ifPresent(h -> told.holders.addAll(h.stop()));
      // After the stop: every use that appendUse accepted is in a log of this size.
      fact = new Event.Revoked(now(), handle, journal.size(), true);
      keep(fact);
      holding.ifPresent(h -> told.ended(h, State.WITHDRAWN));
    }
    submitOwed();
    return new Withdrawing.Promised(handle, promise(handle, fact.logSize(), fact.at()));
  }

  /**
   * Ends a grant for the controller, in the same order as a withdrawal. Idempotent. It cannot be
   * undone: the person would have to be asked anew.
   *
   * @throws RuntimeException when the store fails: the permit is dead, but the revocation may not
   *     survive a restart; it is to be asked for again
   */
  public Revoking revoke(Handle handle) {
    awaitAnswer(handle);
    return telling(told -> revoke(handle, told));
  }

  private Revoking revoke(Handle handle, Told told) {
    Optional<Holding> found = ledger.holding(handle);
    if (found.isEmpty()) {
      return new Revoking.Unknown();
    }
    Holding holding = found.get();
    told.holders.addAll(holding.stop());
    told.holders();
    Event.Revoked fact;
    synchronized (lock) {
      Optional<Event.Revoked> before = ledger.revoked(handle);
      if (before.isPresent() || holding.state == State.WITHDRAWN) {
        return new Revoking.AlreadyOver(
            holding.grant,
            holding.state,
            before.map(then -> promise(handle, then.logSize(), then.at())));
      }
      // After the stop: every use that appendUse accepted is in a log of this size.
      fact = new Event.Revoked(now(), handle, journal.size(), false);
      keep(fact);
      told.ended(holding, State.REVOKED);
    }
    submitOwed();
    return new Revoking.Promised(holding.grant, promise(handle, fact.logSize(), fact.at()));
  }

  private String promise(Handle handle, long logSize, Instant at) {
    return journal.sign(
        "aye-promise/1\n%s\n%s\n%d\n%s\n"
            .formatted(
                journal.origin(), Hash.of(handle.bytes()).b64(), logSize, Receipt.format(at)));
  }

  /** Hands every leaf to the log that is durably promised and was not handed yet. */
  private void submitOwed() {
    List<Ledger.Owed> due;
    synchronized (lock) {
      due = ledger.owed().stream().filter(submitted::add).toList();
    }
    due.forEach(this::submit);
  }

  private void submit(Ledger.Owed owed) {
    CompletableFuture<Appended> leaf;
    try {
      leaf = journal.submit(owed.leaf());
    } catch (RuntimeException e) {
      leaf = CompletableFuture.failedFuture(e);
    }
    leaf.thenAcceptAsync(appended -> logged(owed, appended.index()), background)
        .exceptionally(e -> {
          // Durable in the store, so nothing is lost: the next tick or the next start tries again.
          LOGGER.log(System.Logger.Level.ERROR, "a withdrawal is not in the log yet: " + e);
          synchronized (lock) {
            submitted.remove(owed);
          }
          return null;
        });
  }

  private void logged(Ledger.Owed owed, long index) {
    telling(told -> {
      synchronized (lock) {
        keep(owed.logged(now(), index));
        ledger
            .withdrawal(owed.handle())
            .ifPresent(withdrawal -> told.changes.add(new Change.Logged(withdrawal)));
        return true;
      }
    });
  }

  /**
   * Applies withdrawals and revocations that the log has and the store has not: it was restored
   * from an older copy, or the process ended between leaf and fact.
   */
  private void honourLoggedEnds() {
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
            if (ledger.withdrawalUnlogged(handle)) {
              facts.add(new Event.WithdrawalLogged(now(), handle, index));
            }
          } else if (leaf instanceof Leaf.Revoke revoke) {
            Handle handle = Handle.of(revoke.handle().bytes());
            if (ledger.revoked(handle).isEmpty()) {
              facts.add(new Event.Revoked(now(), handle, index, false));
            }
            if (ledger.revocationUnlogged(handle)) {
              facts.add(new Event.RevocationLogged(now(), handle, index));
            }
          }
        });
    if (!facts.isEmpty()) {
      keep(facts);
    }
  }

  /**
   * To be called every second or so: tries failed withdrawals again, ends grants whose time is over
   * and tells the holders of permits that expired.
   */
  public void tick() {
    submitOwed();
    telling(told -> {
      synchronized (lock) {
        long now = clock.millis();
        for (MeetingId meeting : open.meetings()) {
          open.reaching(meeting).forEach(holding -> told.holders.addAll(holding.closeDead(now)));
        }
        expire(now, told);
        return true;
      }
    });
  }

  private void expire(long now, Told told) {
    List<Holding> due = new ArrayList<>();
    while (!ending.isEmpty() && ending.element().grant.until().toEpochMilli() <= now) {
      due.add(ending.remove());
    }
    List<Event> facts = new ArrayList<>();
    for (Holding holding : due) {
      if (holding.state == State.GIVEN && !holding.over) {
        told.holders.addAll(holding.close());
        facts.add(new Event.Expired(now(), holding.grant.handle()));
        told.changes.add(new Change.Answered(holding.grant.person(), holding.grant.meeting()));
        told.elsewhere(holding);
      }
    }
    if (!facts.isEmpty()) {
      try {
        keep(facts);
      } catch (RuntimeException e) {
        ending.addAll(due); // dead by their deadline in any case; the fact is tried again
        throw e;
      }
    }
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

  /**
   * Whether the receipt of a grant answers nothing but the purpose of it, so that it can be shown
   * as a proof without showing what its person said to other rows. Of receipts for training each
   * does that was accepted since they are receipts of their own; older ones may not.
   */
  public boolean showsNothingElse(Handle grant) {
    return ledger.holding(grant).filter(holding -> holding.showsNothingElse).isPresent();
  }

  // ---- questions

  /**
   * The live permit to take in this medium of this person for this purpose, if there is one now.
   */
  public <P extends Purpose> Optional<Permit<P>> permit(
      PersonId person, MeetingId meeting, P purpose, Medium medium, RecipientId recipient) {
    return open.offer(meeting)
        .flatMap(
            offer -> ledger.inEffect(meeting, offer.room(), person, recipient, purpose, medium))
        .flatMap(said ->
            said instanceof Ledger.Said.Yes yes
                ? yes.holding().permit(meeting)
                : Optional.<Permit<?>>empty())
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

  /** What a person answered, as it stands. For that person's eyes only. */
  public List<Choice> choices(PersonId person) {
    synchronized (lock) {
      return ledger.choices(person, clock.instant());
    }
  }

  /**
   * How a person's rows stand in a meeting: what they answered in it and, while it asks, what
   * reaches it from elsewhere. A row that is asked in other words than they answered is {@link
   * State#REQUESTED} again. For that person's eyes only.
   */
  public List<Choice> choices(PersonId person, MeetingId meeting) {
    synchronized (lock) {
      Offer offer = open.offer(meeting).orElse(null);
      return offer == null
          ? ledger.choices(person, clock.instant()).stream()
              .filter(choice -> choice.meeting().equals(meeting))
              .toList()
          : ledger.choices(person, meeting, offer, clock.instant());
    }
  }

  /** What a person had answered by then, as it stood then. For that person's eyes only. */
  public List<Choice> asOf(Instant then, PersonId person) {
    List<Event> facts =
        store.load().stream()
            .filter(fact -> fact instanceof Event.NoticePublished || !fact.at().isAfter(then))
            .toList();
    return Ledger.of(facts).choices(person, then);
  }

  /**
   * What a person had answered when the log had this size, as it stood at the last moment of it: a
   * withdrawal counts from its promise on. For that person's eyes only.
   *
   * @throws IllegalArgumentException when the log has not grown so far
   */
  public List<Choice> asOf(long logSize, PersonId person) {
    if (logSize < 0 || logSize > journal.size()) {
      throw new IllegalArgumentException("the log never had " + logSize + " leaves");
    }
    List<Event> facts = Ledger.seenBy(logSize, store.load());
    Instant then = facts.stream().map(Event::at).max(Instant::compareTo).orElse(Instant.MIN);
    return Ledger.of(facts).choices(person, then);
  }

  /**
   * What a person had answered at a checkpoint of this log. For that person's eyes only.
   *
   * @throws IllegalArgumentException when it is a checkpoint of another log, or from its future
   */
  public List<Choice> asOf(Checkpoint at, PersonId person) {
    if (!at.origin().equals(journal.origin())) {
      throw new IllegalArgumentException("the checkpoint is of another log");
    }
    return asOf(at.size(), person);
  }

  /** The cards that a person answered, with what proves them. For that person's eyes only. */
  public List<Card> cards(PersonId person) {
    synchronized (lock) {
      return ledger.cards(person, clock.instant());
    }
  }

  /** All withdrawals and revocations in their order: what is to be forgotten. Not for display. */
  public List<Withdrawal> withdrawals() {
    synchronized (lock) {
      return ledger.withdrawals();
    }
  }

  /** The withdrawal or revocation of one grant. Not for display but to its person. */
  public Optional<Withdrawal> withdrawal(Handle handle) {
    synchronized (lock) {
      return ledger.withdrawal(handle);
    }
  }

  /**
   * Grants that ended otherwise than by withdrawal or revocation: to be forgotten as well. Not for
   * display.
   */
  public List<Grant> ended() {
    synchronized (lock) {
      return ledger.all().stream()
          .filter(holding -> holding.state == State.REFUSED || holding.state == State.INVALIDATED)
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

    /** A grant is over, wherever it reached. */
    void ended(Holding holding, State state) {
      changes.add(new Change.Ended(holding.grant, state));
      elsewhere(holding);
    }

    /** The other meetings that a grant reached. */
    void elsewhere(Holding holding) {
      if (holding.wide()) {
        PersonId person = holding.grant.person();
        open.meetings().stream()
            .filter(
                meeting -> !meeting.equals(holding.grant.meeting()) && open.sits(person, meeting))
            .forEach(meeting -> changes.add(new Change.Answered(person, meeting)));
      }
    }

    /** Runs the holders there are so far. */
    void holders() {
      List<Runnable> due = List.copyOf(holders);
      holders.clear();
      due.forEach(this::run);
    }

    /** Runs the holders and tells the changes there are so far. */
    void all() {
      holders();
      List<Change> due = List.copyOf(changes);
      changes.clear();
      for (Change change : due) {
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
