package dev.aye.consent;

import dev.aye.log.Hash;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What stands: the fold of the {@linkplain Event facts} about consent, in their order.
 *
 * <p>Guarded by its owner's lock, except for {@link #holding} and {@link #standing}, which any
 * thread may ask at any time. A fact that is there twice changes nothing the second time. Facts
 * that cannot be (a receipt whose signature is bad, a text that is no notice) mean that the store
 * is damaged, and are refused loudly.
 */
final class Ledger {
  /** A row of the card in one meeting, for one person. */
  private record Row(
      MeetingId meeting, PersonId person, RecipientId recipient, Purpose purpose, Medium medium) {}

  /** What was last said to a row. */
  private sealed interface Said {
    Instant issued();

    record Yes(Holding holding, Instant issued) implements Said {}

    record No(Instant issued) implements Said {}
  }

  /** An answered card as stored. */
  record Answered(Event.Answered fact, Receipt receipt) {}

  private final Map<Hash, Notice> notices = new HashMap<>();
  private final Map<Hash, Long> noticeIndex = new HashMap<>();
  private final Map<Hash, Answered> byCommitment = new HashMap<>();
  private final Map<PersonId, List<Answered>> byPerson = new HashMap<>();
  private final Set<String> receiptIds = new HashSet<>();
  private final Map<Handle, Holding> holdings = new ConcurrentHashMap<>();
  private final Map<MeetingId, List<Holding>> byMeeting = new HashMap<>();
  private final Map<Row, Said> rows = new ConcurrentHashMap<>();
  private final Map<Handle, Event.Withdrawn> withdrawn = new LinkedHashMap<>();
  private final Map<Handle, Long> logged = new HashMap<>();
  private final Set<MeetingId> ended = new HashSet<>();
  private long logSize;

  static Ledger of(List<Event> facts) {
    Ledger ledger = new Ledger();
    facts.forEach(ledger::apply);
    return ledger;
  }

  void apply(Event event) {
    switch (event) {
      case Event.NoticePublished e -> published(e);
      case Event.Answered e -> answered(e);
      case Event.Withdrawn e -> {
        Handle handle = e.secret().handle();
        if (withdrawn.putIfAbsent(handle, e) == null) {
          end(handle, State.WITHDRAWN);
        }
      }
      case Event.WithdrawalLogged e -> {
        logged.putIfAbsent(e.handle(), e.index());
        logSize = Math.max(logSize, e.index() + 1);
      }
      case Event.Invalidated e -> end(e.handle(), State.INVALIDATED);
      case Event.MeetingEnded e -> {
        ended.add(e.meeting());
        of(e.meeting()).forEach(Holding::close);
      }
    }
  }

  private void published(Event.NoticePublished e) {
    try {
      Notice notice = Notice.read(e.text().getBytes(StandardCharsets.UTF_8));
      notices.putIfAbsent(notice.hash(), notice);
      noticeIndex.putIfAbsent(notice.hash(), e.index());
      logSize = Math.max(logSize, e.index() + 1);
    } catch (Flaw flaw) {
      throw new IllegalStateException("a stored notice is damaged: " + flaw.detail(), flaw);
    }
  }

  private void answered(Event.Answered e) {
    Receipt receipt;
    try {
      receipt = Receipt.read(e.receipt());
    } catch (Flaw flaw) {
      throw new IllegalStateException("a stored receipt is damaged: " + flaw.detail(), flaw);
    }
    Answered answered = new Answered(e, receipt);
    if (byCommitment.putIfAbsent(commitment(e), answered) != null) {
      return;
    }
    logSize = Math.max(logSize, e.index() + 1);
    receiptIds.add(idOf(receipt));
    byPerson.computeIfAbsent(receipt.person(), _ -> new ArrayList<>()).add(answered);
    for (Receipt.Answer answer : receipt.choices()) {
      Row row = row(receipt, answer);
      switch (answer) {
        case Receipt.Answer.No _ -> {
          if (rows.put(row, new Said.No(receipt.issued())) instanceof Said.Yes before) {
            end(before.holding.grant.handle(), State.REFUSED);
          }
        }
        case Receipt.Answer.Yes yes -> {
          Holding holding = new Holding(grant(answered, yes), receipt.recipient());
          if (holdings.putIfAbsent(yes.handle(), holding) != null) {
            throw new IllegalStateException("a stored receipt reuses a handle");
          }
          byMeeting.computeIfAbsent(receipt.meeting(), _ -> new ArrayList<>()).add(holding);
          rows.put(row, new Said.Yes(holding, receipt.issued()));
          if (withdrawn.containsKey(yes.handle())) {
            end(yes.handle(), State.WITHDRAWN);
          }
        }
      }
    }
  }

  private void end(Handle handle, State state) {
    Holding holding = holdings.get(handle);
    if (holding == null) {
      return;
    }
    holding.stop();
    if (holding.state == State.GIVEN || state == State.WITHDRAWN) {
      holding.state = state;
    }
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
        answered.fact.index(),
        answered.fact.at(),
        answered.fact.until());
  }

  static Hash commitment(Event.Answered e) {
    return Hash.of(Receipt.commitment(e.receipt(), e.salt()));
  }

  private static String idOf(Receipt receipt) {
    return receipt.person().value() + receipt.id();
  }

  private static Row row(Receipt receipt, Receipt.Answer answer) {
    return new Row(
        receipt.meeting(),
        receipt.person(),
        receipt.recipient().id(),
        answer.purpose(),
        answer.medium());
  }

  /** How long the log must be for these facts. */
  long logSize() {
    return logSize;
  }

  Optional<Notice> notice(Hash hash) {
    return Optional.ofNullable(notices.get(hash));
  }

  OptionalLong noticeIndex(Hash hash) {
    Long index = noticeIndex.get(hash);
    return index == null ? OptionalLong.empty() : OptionalLong.of(index);
  }

  Optional<Answered> answered(Hash commitment) {
    return Optional.ofNullable(byCommitment.get(commitment));
  }

  boolean knows(Receipt receipt) {
    return receiptIds.contains(idOf(receipt));
  }

  /** Whether a handle can no longer be granted under. */
  boolean spent(Handle handle) {
    return holdings.containsKey(handle) || withdrawn.containsKey(handle);
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

  /** The yes that was last said to a row, whatever became of it. */
  Optional<Holding> standing(
      MeetingId meeting, PersonId person, RecipientId recipient, Purpose purpose, Medium medium) {
    return rows.get(new Row(meeting, person, recipient, purpose, medium)) instanceof Said.Yes yes
        ? Optional.of(yes.holding)
        : Optional.empty();
  }

  Optional<Holding> standing(Receipt receipt, Receipt.Answer answer) {
    return standing(
        receipt.meeting(),
        receipt.person(),
        receipt.recipient().id(),
        answer.purpose(),
        answer.medium());
  }

  /** Whether the person has said something later to that row. */
  boolean overtaken(Receipt receipt, Receipt.Answer answer) {
    Said said = rows.get(row(receipt, answer));
    return said != null && said.issued().isAfter(receipt.issued());
  }

  List<Holding> of(MeetingId meeting) {
    return List.copyOf(byMeeting.getOrDefault(meeting, List.of()));
  }

  List<Holding> all() {
    return List.copyOf(holdings.values());
  }

  Optional<Event.Withdrawn> withdrawn(Handle handle) {
    return Optional.ofNullable(withdrawn.get(handle));
  }

  List<Withdrawal> withdrawals() {
    List<Withdrawal> all = new ArrayList<>();
    withdrawn.forEach((handle, fact) ->
        holding(handle)
            .ifPresent(
                holding -> all.add(new Withdrawal(holding.grant, fact.at(), index(handle)))));
    return all;
  }

  private OptionalLong index(Handle handle) {
    Long index = logged.get(handle);
    return index == null ? OptionalLong.empty() : OptionalLong.of(index);
  }

  /** Withdrawals whose leaf is yet to come. */
  List<Event.Withdrawn> unlogged() {
    return withdrawn.entrySet().stream()
        .filter(entry -> !logged.containsKey(entry.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  boolean unlogged(Handle handle) {
    return !logged.containsKey(handle);
  }

  List<Choice> choices(PersonId person, Instant now) {
    List<Choice> choices = new ArrayList<>();
    Set<Row> seen = new HashSet<>();
    for (Answered answered : byPerson.getOrDefault(person, List.of())) {
      for (Receipt.Answer answer : answered.receipt.choices()) {
        Row row = row(answered.receipt, answer);
        if (seen.add(row)) {
          choices.add(choice(row, now));
        }
      }
    }
    return choices;
  }

  private Choice choice(Row row, Instant now) {
    if (!(rows.get(row) instanceof Said.Yes yes)) {
      return choice(row, State.REFUSED, Optional.empty());
    }
    return choice(row, state(yes.holding, now), Optional.of(yes.holding.grant.handle()));
  }

  private static Choice choice(Row row, State state, Optional<Handle> handle) {
    return new Choice(row.meeting, row.purpose, row.medium, row.recipient, state, handle);
  }

  State state(Holding holding, Instant now) {
    Grant grant = holding.grant;
    boolean over = ended.contains(grant.meeting()) || !now.isBefore(grant.until());
    return holding.state == State.GIVEN && over && !grant.purpose().keeps()
        ? State.EXPIRED
        : holding.state;
  }

  List<Card> cards(PersonId person, Instant now) {
    List<Card> cards = new ArrayList<>();
    for (Answered answered : byPerson.getOrDefault(person, List.of())) {
      Receipt receipt = answered.receipt;
      Notice notice = notices.get(Hash.fromB64u(receipt.notice().hash()));
      if (notice == null) {
        throw new IllegalStateException("the text that was shown is not in the store");
      }
      List<Choice> choices =
          receipt.choices().stream().map(answer -> choiceOf(receipt, answer, now)).toList();
      cards.add(
          new Card(
              receipt.meeting(),
              answered.fact.at(),
              answered.fact.receipt(),
              answered.fact.salt(),
              answered.fact.index(),
              notice.text(),
              choices));
    }
    return cards;
  }

  private Choice choiceOf(Receipt receipt, Receipt.Answer answer, Instant now) {
    Row row = row(receipt, answer);
    return switch (answer) {
      case Receipt.Answer.No _ -> choice(row, State.REFUSED, Optional.empty());
      case Receipt.Answer.Yes yes -> {
        Holding holding = holdings.get(yes.handle());
        if (holding == null) {
          throw new IllegalStateException("an answered yes has no holding");
        }
        yield choice(row, state(holding, now), Optional.of(yes.handle()));
      }
    };
  }
}
