package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random histories on a simulated clock, against a model that is simple enough to be believed: no
 * permit is ever live outside its grant, and inside it there is one. Three people, three meetings
 * of two rooms; answers of every scope, withdrawals, revocations, seats, offers, texts that change,
 * restarts, and a clock that jumps.
 */
class HistoriesTest {
  /** More with {@code -Daye.histories=5000}; each costs some 20 ms, most of it for signatures. */
  private static final int HISTORIES = Integer.getInteger("aye.histories", 1_000);

  private static final int STEPS = 50;

  private static final List<MeetingId> MEETINGS =
      List.of(House.MEETING, House.NEXT, House.ELSEWHERE);

  private static final Instant END = Clock.START.plus(Duration.ofHours(12));

  /** Two ways in which the operator speaks of itself: every row has other words. */
  private static final List<Controller> CONTROLLERS =
      List.of(
          House.CONTROLLER, new Controller("Another Name", "desk@example.org", "the authority"));

  private record Row(int person, Purpose purpose, Medium medium) {}

  private static final List<Row> ROWS = rows();

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (int person = 0; person < 3; person++) {
      rows.add(new Row(person, Purpose.CAPTIONS, Medium.VOICE));
      rows.add(new Row(person, Purpose.NOTES, Medium.VOICE));
      rows.add(new Row(person, Purpose.NOTES, Medium.CHAT));
    }
    return rows;
  }

  private static Optional<RoomId> room(MeetingId meeting) {
    return Optional.of(meeting.equals(House.ELSEWHERE) ? House.OTHER_ROOM : House.ROOM);
  }

  /** One answer as somebody looking over the shoulder would note it. */
  private static final class Word {
    final Row row;
    final MeetingId meeting;
    final Scope scope;
    final Instant issued;
    final Controller text;

    /** Null for a no. */
    final @Nullable WithdrawalSecret secret;

    boolean over;
    boolean expired;

    Word(
        Row row,
        MeetingId meeting,
        Scope scope,
        Instant issued,
        Controller text,
        @Nullable WithdrawalSecret secret) {
      this.row = row;
      this.meeting = meeting;
      this.scope = scope;
      this.issued = issued;
      this.text = text;
      this.secret = secret;
    }

    boolean stands() {
      return secret != null && !over;
    }

    Instant until() {
      return scope.until().orElse(END);
    }

    /** Whether it was said for this meeting, or reaches it. */
    boolean reaches(MeetingId other) {
      return switch (scope) {
        case Scope.Meeting _ -> meeting.equals(other);
        case Scope.Room there ->
            meeting.equals(other) || room(other).equals(Optional.of(there.id()));
        case Scope.Organisation _ -> true;
      };
    }
  }

  /** What must be true, in the fewest words. */
  private static final class Model {
    final List<Word> words = new ArrayList<>();
    final Map<MeetingId, Set<Purpose>> offered = new HashMap<>();
    final Set<MeetingId> ended = new HashSet<>();
    final Map<MeetingId, Set<Integer>> seats = new HashMap<>();
    Controller text = House.CONTROLLER;

    /** A person's last word on a row: in this meeting, else the last that reaches it. */
    @Nullable Word inEffect(Row row, MeetingId meeting) {
      Word here = null;
      Word elsewhere = null;
      for (Word word : words) {
        if (word.row.equals(row) && word.meeting.equals(meeting)) {
          here = word;
        } else if (word.row.equals(row) && word.reaches(meeting)) {
          elsewhere = word;
        }
      }
      return here != null ? here : elsewhere;
    }

    boolean open(MeetingId meeting, Instant now) {
      return offered.containsKey(meeting) && !ended.contains(meeting) && now.isBefore(END);
    }

    boolean sits(Row row, MeetingId meeting) {
      return seats.getOrDefault(meeting, Set.of()).contains(row.person);
    }

    boolean takesEffect(@Nullable Word word, MeetingId meeting, Instant now) {
      return word != null
          && word.stands()
          && !word.expired
          && now.isBefore(word.until())
          && offered.getOrDefault(meeting, Set.of()).contains(word.row.purpose)
          && word.text.equals(text)
          && (word.meeting.equals(meeting) || sits(word.row, meeting));
    }

    boolean mayTakeIn(Row row, MeetingId meeting, Instant now) {
      return open(meeting, now) && takesEffect(inEffect(row, meeting), meeting, now);
    }

    /** The last word where an answer of this scope from here would hold. */
    List<Word> before(Row row, MeetingId meeting, Scope scope) {
      Word here = null;
      Word there = null;
      for (Word word : words) {
        if (word.row.equals(row)) {
          if (word.meeting.equals(meeting)) {
            here = word;
          }
          boolean same =
              scope instanceof Scope.Room room
                  ? word.scope instanceof Scope.Room other && other.id().equals(room.id())
                  : scope instanceof Scope.Organisation && word.scope instanceof Scope.Organisation;
          if (same) {
            there = word;
          }
        }
      }
      List<Word> before = new ArrayList<>();
      if (here != null) {
        before.add(here);
      }
      if (there != null) {
        before.add(there);
      }
      return before;
    }

    boolean takesYes(Row row, MeetingId meeting, Scope scope, Instant now) {
      if (!open(meeting, now) || !offered.get(meeting).contains(row.purpose)) {
        return false;
      }
      List<Word> before = before(row, meeting, scope);
      boolean overtaken = before.stream().anyMatch(word -> word.issued.isAfter(now));
      boolean given =
          before.stream()
                  .anyMatch(word ->
                      word.stands()
                          && !word.expired
                          && now.isBefore(word.until())
                          && word.text.equals(text))
              || takesEffect(inEffect(row, meeting), meeting, now);
      return !overtaken && !given;
    }

    void no(Word no) {
      for (Word word : words) {
        boolean within =
            no.scope instanceof Scope.Organisation
                ? !(word.scope instanceof Scope.Meeting)
                : no.scope instanceof Scope.Room room
                    && word.scope instanceof Scope.Room other
                    && other.id().equals(room.id());
        if (word.row.equals(no.row) && (word.meeting.equals(no.meeting) || within)) {
          word.over = true;
        }
      }
    }

    void tick(Instant now) {
      for (Word word : words) {
        word.expired |= !now.isBefore(word.until());
      }
    }
  }

  @Test
  void noPermitIsEverLiveOutsideItsGrant() {
    IntStream.range(0, HISTORIES)
        .parallel()
        .forEach(seed -> new HistoriesTest().history(new Random(seed), "history " + seed));
  }

  private final List<Device> people =
      List.of(new Device("ada"), new Device("ben"), new Device("cas"));

  private void history(Random random, String name) {
    House house = House.wide();
    Model model = new Model();
    MEETINGS.forEach(meeting -> model.offered.put(meeting, house.offer().purposes()));
    Map<Leave<?>, Row> everMade = new LinkedHashMap<>();
    for (int step = 0; step < STEPS; step++) {
      Consents before = house.consents;
      String what = name + ", step " + step + ": " + act(random, house, model);
      if (house.consents != before) {
        everMade.clear(); // the process that held them is gone
      }
      house.clock.forward(Duration.ofSeconds(1 + random.nextInt(20)));
      judge(house, model, everMade, what);
    }
  }

  private Scope scope(Random random, House house, MeetingId meeting) {
    Duration length = Duration.ofMinutes(10 + random.nextInt(300));
    Instant end = house.clock.instant().plus(length);
    return switch (random.nextInt(4)) {
      case 0, 1 -> Scope.MEETING;
      case 2 -> new Scope.Room(room(meeting).orElseThrow(), end);
      default -> new Scope.Organisation(end);
    };
  }

  private boolean answered(House house, Model model, Word word) {
    Device device = people.get(word.row.person);
    Device.Draft draft =
        house.draft(device, word.meeting, word.scope).with("controller", model.text.name());
    if (word.secret != null) {
      draft.yes(word.row.purpose, word.row.medium, word.secret.handle());
    } else {
      draft.no(word.row.purpose, word.row.medium);
    }
    return house.answer(device, word.meeting, draft) instanceof Consents.Answering.Answered;
  }

  private String act(Random random, House house, Model model) {
    Row row = ROWS.get(random.nextInt(ROWS.size()));
    MeetingId meeting = MEETINGS.get(random.nextInt(MEETINGS.size()));
    Device device = people.get(row.person);
    Instant now = house.clock.instant();
    List<Word> standing = model.words.stream().filter(Word::stands).toList();
    return switch (random.nextInt(19)) {
      case 0, 1, 2, 3, 4, 5 -> {
        Word word =
            new Word(row, meeting, scope(random, house, meeting), now, model.text, device.secret());
        boolean takes = model.takesYes(row, meeting, word.scope, now);
        String what = "yes to " + row + " in " + meeting + ", " + word.scope;
        assertThat(answered(house, model, word)).as(what).isEqualTo(takes);
        if (takes) {
          model.words.add(word);
          model.seats.computeIfAbsent(meeting, _ -> new HashSet<>()).add(row.person);
        }
        yield what;
      }
      case 6, 7 -> {
        Word word = new Word(row, meeting, scope(random, house, meeting), now, model.text, null);
        boolean takes = model.open(meeting, now);
        assertThat(answered(house, model, word)).isEqualTo(takes);
        if (takes) {
          model.no(word);
          model.words.add(word);
          model.seats.computeIfAbsent(meeting, _ -> new HashSet<>()).add(row.person);
        }
        yield "no to " + row + " in " + meeting + ", " + word.scope;
      }
      case 8 -> {
        if (standing.isEmpty()) {
          assertThat(house.consents.withdraw(device.secret()))
              .isInstanceOf(Consents.Withdrawing.Unknown.class);
          yield "a wrong secret";
        }
        Word word = standing.get(random.nextInt(standing.size()));
        assertThat(house.consents.withdraw(secret(word)))
            .isInstanceOf(Consents.Withdrawing.Promised.class);
        word.over = true;
        yield "withdrawal of " + word.row;
      }
      case 9 -> {
        if (standing.isEmpty()) {
          assertThat(house.consents.revoke(device.secret().handle()))
              .isInstanceOf(Consents.Revoking.Unknown.class);
          yield "a wrong handle";
        }
        Word word = standing.get(random.nextInt(standing.size()));
        assertThat(house.consents.revoke(secret(word).handle()))
            .isInstanceOf(Consents.Revoking.Promised.class);
        word.over = true;
        yield "revocation of " + word.row;
      }
      case 10 -> {
        if (!model.words.isEmpty()) {
          Word word = model.words.get(random.nextInt(model.words.size()));
          if (word.secret != null) {
            assertThat(
                    house.answer(
                        device,
                        meeting,
                        house
                            .draft(device, meeting, Scope.MEETING)
                            .with("controller", model.text.name())
                            .yes(row.purpose, row.medium, word.secret.handle())))
                .isInstanceOf(Consents.Answering.Refused.class);
          }
        }
        yield "yes under an old handle";
      }
      case 11, 12 -> {
        if (random.nextInt(3) == 0) {
          house.consents.rise(House.seat(device, meeting));
          model.seats.getOrDefault(meeting, new HashSet<>()).remove(row.person);
          yield "somebody rises in " + meeting;
        }
        house.consents.sit(House.seat(device, meeting));
        if (!model.ended.contains(meeting)) {
          model.seats.computeIfAbsent(meeting, _ -> new HashSet<>()).add(row.person);
        }
        yield "somebody sits in " + meeting;
      }
      case 13 -> {
        if (!model.ended.contains(meeting)) {
          List<Purpose> all = new ArrayList<>(house.offer().purposes());
          all.removeIf(_ -> random.nextInt(3) == 0);
          offer(house, model, meeting, Set.copyOf(all));
        }
        yield "another offer in " + meeting;
      }
      case 14 -> {
        model.text = CONTROLLERS.get(random.nextInt(CONTROLLERS.size()));
        house.notices = house.consents.publish(_ -> model.text);
        Map.copyOf(model.offered)
            .forEach((open, purposes) -> {
              if (!model.ended.contains(open)) {
                offer(house, model, open, purposes);
              }
            });
        yield "the operator is " + model.text.name();
      }
      case 15 -> {
        house.start();
        model.seats.clear();
        Map<MeetingId, Set<Purpose>> offered = Map.copyOf(model.offered);
        model.offered.clear();
        offered.forEach((open, purposes) -> {
          if (!model.ended.contains(open) && random.nextInt(4) != 0) {
            offer(house, model, open, purposes);
          }
        });
        yield "restart";
      }
      case 16 -> jump(random, house, model);
      case 17 -> {
        if (standing.isEmpty()) {
          yield "nothing to refuse";
        }
        yield waitInVain(random, house, model, standing.get(random.nextInt(standing.size())));
      }
      default -> {
        if (random.nextInt(12) == 0) {
          house.consents.endMeeting(meeting);
          model.ended.add(meeting);
          model.offered.remove(meeting);
          model.seats.remove(meeting);
          yield "end of " + meeting;
        }
        house.consents.tick();
        model.tick(house.clock.instant());
        yield "tick";
      }
    };
  }

  /**
   * A card with a no to what stands and a yes to another row, while no witness can be reached: the
   * no counts, and of the yes nothing is left.
   */
  private String waitInVain(Random random, House house, Model model, Word ended) {
    Instant now = house.clock.instant();
    Word no =
        new Word(
            ended.row, ended.meeting, scope(random, house, ended.meeting), now, model.text, null);
    Row other =
        ROWS.stream()
            .filter(row -> row.person == ended.row.person && !row.equals(ended.row))
            .skip(random.nextInt(2))
            .findFirst()
            .orElseThrow();
    boolean takes = model.takesYes(other, no.meeting, no.scope, now);
    Device device = people.get(no.row.person);
    Device.Draft draft =
        house
            .draft(device, no.meeting, no.scope)
            .with("controller", model.text.name())
            .no(no.row.purpose, no.row.medium)
            .yes(other.purpose, other.medium, device.secret().handle());
    house.journal.witnessesAway = true;
    boolean waited;
    try {
      house.answer(device, no.meeting, draft);
      waited = false;
    } catch (IllegalStateException notWitnessed) {
      waited = true;
    } finally {
      house.journal.witnessesAway = false;
    }
    String what = "no to " + no.row + ", in vain yes to " + other + " in " + no.meeting;
    assertThat(waited).as(what).isEqualTo(takes);
    if (waited) {
      model.no(no);
      model.words.add(no);
    }
    return what;
  }

  private static WithdrawalSecret secret(Word word) {
    if (word.secret == null) {
      throw new AssertionError("a no has no secret");
    }
    return word.secret;
  }

  private static void offer(House house, Model model, MeetingId meeting, Set<Purpose> purposes) {
    house.consents.offer(meeting, house.offer(meeting, purposes, House.COMPANION));
    model.offered.put(meeting, purposes);
  }

  /** The clock jumps, within the time of the meetings; the server notices within a second. */
  private static String jump(Random random, House house, Model model) {
    Duration by = Duration.ofMinutes(random.nextInt(120));
    if (random.nextInt(3) == 0) {
      house.clock.back(by);
    } else if (house.clock.instant().plus(by).isBefore(END.minus(Duration.ofHours(1)))) {
      house.clock.forward(by);
    }
    house.consents.tick();
    model.tick(house.clock.instant());
    return "the clock jumps";
  }

  private void judge(House house, Model model, Map<Leave<?>, Row> everMade, String what) {
    house.consents.tick();
    Instant now = house.clock.instant();
    model.tick(now);
    for (MeetingId meeting : MEETINGS) {
      for (Row row : ROWS) {
        Device device = people.get(row.person);
        var permit = house.permit(device, meeting, row.purpose, row.medium);
        assertThat(permit.isPresent())
            .as(what + ", " + row + " in " + meeting)
            .isEqualTo(model.mayTakeIn(row, meeting, now));
        permit.ifPresent(p -> {
          assertThat(p.live(house.clock.millis())).as(what).isTrue();
          assertThat(p.meeting()).as(what).isEqualTo(meeting);
          everMade.put(p, row);
        });
      }
    }
    Map<Handle, Word> byHandle = new HashMap<>();
    for (Word word : model.words) {
      if (word.secret != null) {
        byHandle.put(word.secret.handle(), word);
        var use = house.consents.use(word.secret.handle(), word.row.purpose);
        assertThat(use.isPresent()).as(what).isEqualTo(word.stands() && word.row.purpose.keeps());
        use.ifPresent(u -> everMade.put(u, word.row));
      }
    }
    everMade.forEach((leave, row) -> {
      if (leave.live(house.clock.millis())) {
        Word word = byHandle.get(leave.handle());
        assertThat(word).as(what).isNotNull();
        assertThat(word.stands()).as(what + ": live without a grant, " + leave).isTrue();
        assertThat(word.row).as(what).isEqualTo(row);
        if (leave instanceof Permit<?>) {
          assertThat(model.mayTakeIn(row, leave.meeting(), now))
              .as(what + ": live where it may not be, " + leave)
              .isTrue();
        }
      }
    });
  }
}
