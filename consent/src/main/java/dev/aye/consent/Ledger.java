package dev.aye.consent;

import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Secret32;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What stands: the fold of the {@linkplain Event facts} about consent, in their order.
 *
 * <p>Guarded by its owner's lock, except for {@link #holding} and {@link #inEffect}, which any
 * thread may ask at any time. A fact that is there twice changes nothing the second time. Facts
 * that cannot be (a receipt whose signature is bad, a text that is no notice) mean that the store
 * is damaged, and are refused loudly.
 *
 * <p>What a person last said to a row counts for the meeting in which they said it, and for as far
 * as its scope reaches. In a meeting, what was said in it comes before what reaches it from
 * elsewhere, and of the latter the later.
 */
final class Ledger {
  /** Where an answer holds. */
  private sealed interface Area {
    record InMeeting(MeetingId meeting) implements Area {}

    record InRoom(RoomId room) implements Area {}

    record Everywhere() implements Area {}
  }

  /** A row of the card in one area, for one person. */
  private record Row(
      Area area, PersonId person, RecipientId recipient, Purpose purpose, Medium medium) {
    Row in(Area other) {
      return new Row(other, person, recipient, purpose, medium);
    }
  }

  /** What was last said to a row, in which words it was asked, and as the how-manieth answer. */
  sealed interface Said {
    Receipt receipt();

    Notice shown();

    int turn();

    default Instant issued() {
      return receipt().issued();
    }

    record Yes(Holding holding, Receipt receipt, Notice shown, int turn) implements Said {}

    record No(Receipt receipt, Notice shown, int turn) implements Said {}
  }

  /** An answered card as stored. */
  record Answered(Event.Answered fact, Receipt receipt) {}

  /** A text that was published, and where and when. */
  record Published(Notice notice, long index, Instant at) {}

  /** A leaf that is yet to come into the log, by which a grant ends. */
  record Owed(Handle handle, Leaf leaf) {
    Event logged(Instant at, long index) {
      return leaf instanceof Leaf.Revoke
          ? new Event.RevocationLogged(at, handle, index)
          : new Event.WithdrawalLogged(at, handle, index);
    }
  }

  private final Map<Hash, Published> notices = new HashMap<>();
  private final List<Published> published = new ArrayList<>();
  private final Map<Hash, Answered> byCommitment = new HashMap<>();
  private final Map<PersonId, List<Answered>> byPerson = new HashMap<>();

  /** What people said to cards so far: the turn of the last. */
  private int turns;

  /** Rows of cards whose noes counted before the card was recorded. */
  private final Map<PersonId, Set<Row>> refusedRows = new HashMap<>();

  private final Set<String> receiptIds = new HashSet<>();
  private final Map<Handle, Holding> holdings = new ConcurrentHashMap<>();
  private final Map<MeetingId, List<Holding>> byMeeting = new HashMap<>();
  private final Map<PersonId, List<Holding>> wide = new HashMap<>();
  private final Map<Row, Said> last = new ConcurrentHashMap<>();

  /** Every yes that was said to a row in a meeting, whatever its scope. */
  private final Map<Row, List<Holding>> given = new HashMap<>();

  private final Map<Handle, Event.Withdrawn> withdrawn = new HashMap<>();
  private final Map<Handle, Event.Revoked> revoked = new HashMap<>();

  /** Handles that were withdrawn or revoked, in that order. */
  private final Set<Handle> takenBack = new LinkedHashSet<>();

  private final Map<Handle, Long> withdrawalLogged = new HashMap<>();
  private final Map<Handle, Long> revocationLogged = new HashMap<>();
  private final Set<MeetingId> ended = new HashSet<>();
  private long logSize;

  static Ledger of(List<Event> facts) {
    Ledger ledger = new Ledger();
    facts.forEach(ledger::apply);
    return ledger;
  }

  /**
   * The facts that a log of this size had seen. What ends a grant and has no leaf yet, or never has
   * one, counts from the size that the log is known to have had by then: sooner rather than later.
   */
  static List<Event> seenBy(long size, List<Event> facts) {
    List<Event> seen = new ArrayList<>();
    long grown = 0;
    for (Event fact : facts) {
      long from =
          switch (fact) {
            case Event.NoticePublished e -> e.index() + 1;
            case Event.Answered e -> e.index() + 1;
            case Event.WithdrawalLogged e -> e.index() + 1;
            case Event.RevocationLogged e -> e.index() + 1;
            case Event.Refused e -> e.logSize();
            case Event.Withdrawn e -> e.logSize();
            case Event.Revoked e -> e.logSize();
            case Event.Expired _, Event.Invalidated _, Event.MeetingEnded _ -> grown;
          };
      grown = Math.max(grown, from);
      if (from <= size) {
        seen.add(fact);
      }
    }
    return seen;
  }

  void apply(Event event) {
    switch (event) {
      case Event.NoticePublished e -> published(e);
      case Event.Answered e -> take(new Answered(e, stored(e.receipt())));
      case Event.Refused e -> refused(stored(e.receipt()));
      case Event.Withdrawn e -> {
        Handle handle = e.secret().handle();
        if (withdrawn.putIfAbsent(handle, e) == null) {
          takenBack.add(handle);
          end(handle, State.WITHDRAWN);
        }
      }
      case Event.WithdrawalLogged e -> {
        withdrawalLogged.putIfAbsent(e.handle(), e.index());
        logSize = Math.max(logSize, e.index() + 1);
      }
      case Event.Revoked e -> {
        if (revoked.putIfAbsent(e.handle(), e) == null) {
          takenBack.add(e.handle());
          end(e.handle(), endedBy(e));
        }
      }
      case Event.RevocationLogged e -> {
        revocationLogged.putIfAbsent(e.handle(), e.index());
        logSize = Math.max(logSize, e.index() + 1);
      }
      case Event.Expired e -> holding(e.handle()).ifPresent(Ledger::expire);
      case Event.Invalidated e -> end(e.handle(), State.INVALIDATED);
      case Event.MeetingEnded e -> {
        ended.add(e.meeting());
        of(e.meeting()).forEach(holding -> holding.close(e.meeting()));
      }
    }
  }

  private void published(Event.NoticePublished e) {
    try {
      Notice notice = Notice.read(e.text().getBytes(StandardCharsets.UTF_8));
      Published fresh = new Published(notice, e.index(), e.at());
      if (notices.putIfAbsent(notice.hash(), fresh) == null) {
        published.add(fresh);
      }
      logSize = Math.max(logSize, e.index() + 1);
    } catch (Flaw flaw) {
      throw new IllegalStateException("a stored notice is damaged: " + flaw.detail(), flaw);
    }
  }

  private static Receipt stored(String jws) {
    try {
      return Receipt.read(jws);
    } catch (Flaw flaw) {
      throw new IllegalStateException("a stored receipt is damaged: " + flaw.detail(), flaw);
    }
  }

  /**
   * Noes that count before their card is recorded. When it is, they are said once more, which ends
   * nothing that was not given in between.
   */
  private void refused(Receipt receipt) {
    Notice shown = shown(receipt);
    int turn = ++turns;
    for (Receipt.Answer answer : receipt.choices()) {
      if (answer instanceof Receipt.Answer.No no) {
        refusedRows
            .computeIfAbsent(receipt.person(), _ -> new LinkedHashSet<>())
            .add(row(receipt, no));
        say(receipt, no, refuse(receipt, no, shown, turn));
      }
    }
  }

  private Said.No refuse(Receipt receipt, Receipt.Answer.No no, Notice shown, int turn) {
    endedBy(receipt, no).forEach(holding -> end(holding.grant.handle(), State.REFUSED));
    return new Said.No(receipt, shown, turn);
  }

  private void say(Receipt receipt, Receipt.Answer answer, Said said) {
    areas(receipt).forEach(area -> last.put(row(receipt, answer).in(area), said));
  }

  /** An answer whose receipt was just read, with its signature: it need not be read again. */
  void take(Answered answered) {
    Receipt receipt = answered.receipt;
    if (byCommitment.putIfAbsent(commitment(answered.fact), answered) != null) {
      return;
    }
    logSize = Math.max(logSize, answered.fact.index() + 1);
    receiptIds.add(idOf(receipt));
    byPerson.computeIfAbsent(receipt.person(), _ -> new ArrayList<>()).add(answered);
    Notice shown = shown(receipt);
    int turn = ++turns;
    for (Receipt.Answer answer : receipt.choices()) {
      Said said =
          switch (answer) {
            case Receipt.Answer.No no -> refuse(receipt, no, shown, turn);
            case Receipt.Answer.Yes yes ->
                new Said.Yes(given(answered, yes, shown), receipt, shown, turn);
          };
      say(receipt, answer, said);
    }
  }

  private Holding given(Answered answered, Receipt.Answer.Yes yes, Notice shown) {
    Receipt receipt = answered.receipt;
    Holding holding = new Holding(grant(answered, yes), receipt, shown);
    if (holdings.putIfAbsent(yes.handle(), holding) != null) {
      throw new IllegalStateException("a stored receipt reuses a handle");
    }
    byMeeting.computeIfAbsent(receipt.meeting(), _ -> new ArrayList<>()).add(holding);
    given.computeIfAbsent(row(receipt, yes), _ -> new ArrayList<>()).add(holding);
    if (holding.wide()) {
      wide.computeIfAbsent(receipt.person(), _ -> new ArrayList<>()).add(holding);
    }
    if (withdrawn.containsKey(yes.handle())) {
      end(yes.handle(), State.WITHDRAWN);
    } else if (revoked.containsKey(yes.handle())) {
      end(yes.handle(), endedBy(revoked.get(yes.handle())));
    }
    return holding;
  }

  private static State endedBy(Event.Revoked e) {
    return e.byPerson() ? State.WITHDRAWN : State.REVOKED;
  }

  private void end(Handle handle, State state) {
    Holding holding = holdings.get(handle);
    if (holding == null) {
      return;
    }
    holding.stop();
    boolean later = state == State.WITHDRAWN || state == State.REVOKED;
    if (holding.state == State.GIVEN || (later && holding.state != State.WITHDRAWN)) {
      holding.state = state;
    }
  }

  private static void expire(Holding holding) {
    holding.over = true;
    holding.close();
  }

  static Grant grant(Answered answered, Receipt.Answer.Yes yes) {
    Receipt receipt = answered.receipt;
    return new Grant(
        yes.handle(),
        receipt.person(),
        receipt.meeting(),
        receipt.participant(),
        yes.purpose(),
        yes.medium(),
        receipt.recipient().id(),
        receipt.scope(),
        answered.fact.index(),
        answered.fact.at(),
        receipt.scope().until().orElse(answered.fact.until()));
  }

  static Hash commitment(Event.Answered e) {
    return Hash.of(Receipt.commitment(e.receipt(), e.salt()));
  }

  private static String idOf(Receipt receipt) {
    return receipt.person().value() + receipt.id();
  }

  private static Row row(Receipt receipt, Receipt.Answer answer) {
    return new Row(
        new Area.InMeeting(receipt.meeting()),
        receipt.person(),
        receipt.recipient().id(),
        answer.purpose(),
        answer.medium());
  }

  /** Where an answer holds: where it was given, and as far as it reaches. */
  private static List<Area> areas(Receipt receipt) {
    Area here = new Area.InMeeting(receipt.meeting());
    return switch (receipt.scope()) {
      case Scope.Meeting _ -> List.of(here);
      case Scope.Room room -> List.of(here, new Area.InRoom(room.id()));
      case Scope.Organisation _ -> List.of(here, new Area.Everywhere());
    };
  }

  private Notice shown(Receipt receipt) {
    Published shown = notices.get(Hash.fromB64u(receipt.notice().hash()));
    if (shown == null) {
      throw new IllegalStateException("the text that was shown is not in the store");
    }
    return shown.notice;
  }

  /**
   * The standing grants that a no ends: what was given to that row in the same meeting, and wider
   * ones given elsewhere that reach no further than the no.
   */
  List<Holding> endedBy(Receipt receipt, Receipt.Answer.No no) {
    Set<Holding> ended = new LinkedHashSet<>(given.getOrDefault(row(receipt, no), List.of()));
    for (Holding holding : wide(receipt.person())) {
      Grant grant = holding.grant;
      if (grant.purpose().equals(no.purpose())
          && grant.medium() == no.medium()
          && grant.recipient().equals(receipt.recipient().id())
          && within(grant.scope(), receipt.scope())) {
        ended.add(holding);
      }
    }
    return ended.stream().filter(holding -> holding.state == State.GIVEN).toList();
  }

  /**
   * Whether the noes of a card change what stands: one ends a grant, or comes before a wider one
   * from elsewhere that it does not end. Saying the same once more changes nothing.
   */
  boolean ends(Receipt receipt) {
    return receipt.choices().stream()
        .anyMatch(answer ->
            answer instanceof Receipt.Answer.No no
                && (!endedBy(receipt, no).isEmpty() || comesBeforeWider(receipt, no)));
  }

  private boolean comesBeforeWider(Receipt receipt, Receipt.Answer.No no) {
    Row row = row(receipt, no);
    boolean wider =
        wide(receipt.person()).stream()
            .anyMatch(holding ->
                holding.state == State.GIVEN
                    && holding.grant.purpose().equals(no.purpose())
                    && holding.grant.medium() == no.medium()
                    && holding.grant.recipient().equals(receipt.recipient().id()));
    return wider && areas(receipt).stream().anyMatch(area -> !refusedIn(row.in(area)));
  }

  /** Whether a no is the last word there, also after what was said everywhere. */
  private boolean refusedIn(Row row) {
    Said here = last.get(row);
    Said everywhere = last.get(row.in(new Area.Everywhere()));
    boolean overtaken =
        row.area instanceof Area.InRoom
            && here != null
            && everywhere != null
            && everywhere.turn() > here.turn();
    return here instanceof Said.No && !overtaken;
  }

  private static boolean within(Scope inner, Scope outer) {
    return switch (outer) {
      case Scope.Meeting _ -> false;
      case Scope.Room room -> inner instanceof Scope.Room other && other.id().equals(room.id());
      case Scope.Organisation _ -> true;
    };
  }

  /** How long the log must be for these facts. */
  long logSize() {
    return logSize;
  }

  Optional<Notice> notice(Hash hash) {
    return Optional.ofNullable(notices.get(hash)).map(Published::notice);
  }

  OptionalLong noticeIndex(Hash hash) {
    Published found = notices.get(hash);
    return found == null ? OptionalLong.empty() : OptionalLong.of(found.index);
  }

  /** Every text, in the order in which they were published. */
  List<Published> published() {
    return List.copyOf(published);
  }

  Optional<Answered> answered(Hash commitment) {
    return Optional.ofNullable(byCommitment.get(commitment));
  }

  boolean knows(Receipt receipt) {
    return receiptIds.contains(idOf(receipt));
  }

  /** Whether a handle can no longer be granted under. */
  boolean spent(Handle handle) {
    return holdings.containsKey(handle)
        || withdrawn.containsKey(handle)
        || revoked.containsKey(handle);
  }

  boolean ended(MeetingId meeting) {
    return ended.contains(meeting);
  }

  int answersOf(PersonId person, MeetingId meeting) {
    return (int)
        byPerson.getOrDefault(person, List.of()).stream()
            .filter(answered -> answered.receipt.meeting().equals(meeting))
            .count();
  }

  Optional<Holding> holding(Handle handle) {
    return Optional.ofNullable(holdings.get(handle));
  }

  /** What a person's word on a row is in a meeting, by whatever they said last that reaches it. */
  Optional<Said> inEffect(
      MeetingId meeting,
      Optional<RoomId> room,
      PersonId person,
      RecipientId recipient,
      Purpose purpose,
      Medium medium) {
    Row here = new Row(new Area.InMeeting(meeting), person, recipient, purpose, medium);
    Said said = last.get(here);
    return said == null ? fromElsewhere(here, room) : Optional.of(said);
  }

  private Optional<Said> fromElsewhere(Row here, Optional<RoomId> room) {
    Optional<Said> inRoom =
        room.flatMap(id -> Optional.ofNullable(last.get(here.in(new Area.InRoom(id)))));
    Optional<Said> everywhere = Optional.ofNullable(last.get(here.in(new Area.Everywhere())));
    return inRoom.isEmpty() || everywhere.filter(e -> e.turn() > inRoom.get().turn()).isPresent()
        ? everywhere
        : inRoom;
  }

  /** What was last said to that row where this receipt would hold, the latest of it. */
  Optional<Said> saidBefore(Receipt receipt, Receipt.Answer answer) {
    Said latest = null;
    for (Area area : areas(receipt)) {
      Said said = last.get(row(receipt, answer).in(area));
      if (said != null && (latest == null || said.issued().isAfter(latest.issued()))) {
        latest = said;
      }
    }
    return Optional.ofNullable(latest);
  }

  /** The grants that stand for a row where this receipt would hold. */
  List<Holding> standing(Receipt receipt, Receipt.Answer answer) {
    List<Holding> standing = new ArrayList<>();
    for (Area area : areas(receipt)) {
      if (last.get(row(receipt, answer).in(area)) instanceof Said.Yes yes
          && yes.holding.state == State.GIVEN) {
        standing.add(yes.holding);
      }
    }
    return standing;
  }

  /** The grants that were given in a meeting. */
  List<Holding> of(MeetingId meeting) {
    return List.copyOf(byMeeting.getOrDefault(meeting, List.of()));
  }

  /** The grants of a person that reach beyond their meeting. */
  List<Holding> wide(PersonId person) {
    return List.copyOf(wide.getOrDefault(person, List.of()));
  }

  List<Holding> all() {
    return List.copyOf(holdings.values());
  }

  Optional<Event.Withdrawn> withdrawn(Handle handle) {
    return Optional.ofNullable(withdrawn.get(handle));
  }

  Optional<Event.Revoked> revoked(Handle handle) {
    return Optional.ofNullable(revoked.get(handle));
  }

  /** What was withdrawn or revoked, in that order. */
  List<Withdrawal> withdrawals() {
    List<Withdrawal> all = new ArrayList<>();
    for (Handle handle : takenBack) {
      holding(handle).ifPresent(holding -> all.add(withdrawal(holding)));
    }
    return all;
  }

  Optional<Withdrawal> withdrawal(Handle handle) {
    return takenBack.contains(handle) ? holding(handle).map(this::withdrawal) : Optional.empty();
  }

  private Withdrawal withdrawal(Holding holding) {
    Handle handle = holding.grant.handle();
    Event.Withdrawn byPerson = withdrawn.get(handle);
    Event.Revoked byHandle = revoked.get(handle);
    boolean withdrew = byPerson != null;
    Instant at = byPerson != null ? byPerson.at() : Instant.MAX;
    if (byHandle != null && byHandle.at().isBefore(at)) {
      at = byHandle.at();
    }
    return new Withdrawal(
        holding.grant,
        byHandle == null || withdrew ? State.WITHDRAWN : endedBy(byHandle),
        at,
        index(withdrew ? withdrawalLogged : revocationLogged, handle));
  }

  private static OptionalLong index(Map<Handle, Long> logged, Handle handle) {
    Long index = logged.get(handle);
    return index == null ? OptionalLong.empty() : OptionalLong.of(index);
  }

  /** Leaves that are durably promised and not known to be in the log. */
  List<Owed> owed() {
    List<Owed> owed = new ArrayList<>();
    for (Handle handle : takenBack) {
      Event.Withdrawn byPerson = withdrawn.get(handle);
      if (byPerson != null && !withdrawalLogged.containsKey(handle)) {
        owed.add(new Owed(handle, new Leaf.Withdraw(Secret32.of(byPerson.secret().bytes()))));
      }
      if (revoked.containsKey(handle) && !revocationLogged.containsKey(handle)) {
        owed.add(new Owed(handle, new Leaf.Revoke(Hash.of(handle.bytes()))));
      }
    }
    return owed;
  }

  boolean withdrawalUnlogged(Handle handle) {
    return !withdrawalLogged.containsKey(handle);
  }

  boolean revocationUnlogged(Handle handle) {
    return !revocationLogged.containsKey(handle);
  }

  /** What a person answered, in each meeting in which they did. */
  List<Choice> choices(PersonId person, Instant now) {
    List<Choice> choices = new ArrayList<>();
    for (Row row : answeredRows(person)) {
      Said said = last.get(row);
      if (row.area instanceof Area.InMeeting(MeetingId meeting) && said != null) {
        choices.add(choice(meeting, row, said, now));
      }
    }
    return choices;
  }

  /**
   * How a person's rows stand in a meeting that asks: what they said in it, and what reaches it
   * from elsewhere. What they answered in other words than those that it asks in is asked anew.
   */
  List<Choice> choices(PersonId person, MeetingId meeting, Offer offer, Instant now) {
    Set<Row> rows = new LinkedHashSet<>();
    answeredRows(person).forEach(row -> rows.add(row.in(new Area.InMeeting(meeting))));
    List<Choice> choices = new ArrayList<>();
    for (Row row : rows) {
      Said here = last.get(row);
      Optional<Said> said =
          here == null
              ? fromElsewhere(row, offer.room()).filter(s -> reaches(s, offer, now))
              : Optional.of(here);
      said.ifPresent(s -> {
        Choice choice = choice(meeting, row, s, now);
        boolean stands = choice.state() == State.GIVEN || choice.state() == State.REFUSED;
        boolean anew =
            stands
                && offer.purposes().contains(row.purpose)
                && !offer.asksAs(s.shown(), row.purpose);
        choices.add(anew ? asked(choice) : choice);
      });
    }
    return choices;
  }

  private static boolean reaches(Said said, Offer offer, Instant now) {
    Scope scope = said.receipt().scope();
    boolean standing =
        said instanceof Said.No
            || (said instanceof Said.Yes yes
                && yes.holding.state == State.GIVEN
                && !yes.holding.over
                && offer.ceiling().allows(scope.kind()));
    return standing && scope.until().filter(now::isBefore).isPresent();
  }

  private static Choice asked(Choice choice) {
    return new Choice(
        choice.meeting(),
        choice.purpose(),
        choice.medium(),
        choice.recipient(),
        State.REQUESTED,
        choice.scope(),
        choice.handle());
  }

  private Set<Row> answeredRows(PersonId person) {
    Set<Row> rows = new LinkedHashSet<>();
    for (Answered answered : byPerson.getOrDefault(person, List.of())) {
      answered.receipt.choices().forEach(answer -> rows.add(row(answered.receipt, answer)));
    }
    rows.addAll(refusedRows.getOrDefault(person, Set.of()));
    return rows;
  }

  private Choice choice(MeetingId meeting, Row row, Said said, Instant now) {
    Scope scope = said.receipt().scope();
    return switch (said) {
      case Said.No _ -> choice(meeting, row, State.REFUSED, scope, Optional.empty());
      case Said.Yes yes ->
          choice(
              meeting,
              row,
              state(yes.holding, now),
              scope,
              Optional.of(yes.holding.grant.handle()));
    };
  }

  private static Choice choice(
      MeetingId meeting, Row row, State state, Scope scope, Optional<Handle> handle) {
    return new Choice(meeting, row.purpose, row.medium, row.recipient, state, scope, handle);
  }

  State state(Holding holding, Instant now) {
    Grant grant = holding.grant;
    boolean over =
        holding.over
            || (!holding.wide() && ended.contains(grant.meeting()))
            || !now.isBefore(grant.until());
    return holding.state == State.GIVEN && over && !grant.purpose().keeps()
        ? State.EXPIRED
        : holding.state;
  }

  List<Card> cards(PersonId person, Instant now) {
    List<Card> cards = new ArrayList<>();
    for (Answered answered : byPerson.getOrDefault(person, List.of())) {
      Receipt receipt = answered.receipt;
      cards.add(
          new Card(
              receipt.meeting(),
              answered.fact.at(),
              answered.fact.receipt(),
              answered.fact.salt(),
              answered.fact.index(),
              shown(receipt).text(),
              receipt.choices().stream().map(answer -> choiceOf(receipt, answer, now)).toList()));
    }
    return cards;
  }

  private Choice choiceOf(Receipt receipt, Receipt.Answer answer, Instant now) {
    Row row = row(receipt, answer);
    return switch (answer) {
      case Receipt.Answer.No _ ->
          choice(receipt.meeting(), row, State.REFUSED, receipt.scope(), Optional.empty());
      case Receipt.Answer.Yes yes -> {
        Holding holding = holdings.get(yes.handle());
        if (holding == null) {
          throw new IllegalStateException("an answered yes has no holding");
        }
        yield choice(
            receipt.meeting(),
            row,
            state(holding, now),
            receipt.scope(),
            Optional.of(yes.handle()));
      }
    };
  }
}
