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
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Random histories on a simulated clock, against a model that is simple enough to be believed: no
 * permit is ever live outside its grant, and inside it there is one.
 */
class HistoriesTest {
  /** More with {@code -Daye.histories=5000}; each costs some 100 ms, most of it for signatures. */
  private static final int HISTORIES = Integer.getInteger("aye.histories", 40);

  private static final int STEPS = 40;

  private record Row(int person, Purpose purpose, Medium medium) {}

  private static final List<Row> ROWS = rows();

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (int person = 0; person < 3; person++) {
      rows.add(new Row(person, Purpose.CAPTIONS, Medium.VOICE));
      rows.add(new Row(person, Purpose.NOTES, Medium.VOICE));
      rows.add(new Row(person, Purpose.NOTES, Medium.CHAT));
      rows.add(new Row(person, Purpose.TRAINING, Medium.VOICE));
    }
    return rows;
  }

  /** What must be true, in the fewest words. */
  private static final class Model {
    final Map<Row, WithdrawalSecret> given = new HashMap<>();
    Set<Purpose> offered = Set.of(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
    boolean open = true;
    boolean ended;
    final Instant until = Clock.START.plus(Duration.ofHours(12));

    boolean mayTakeIn(Row row, Instant now) {
      return given.containsKey(row)
          && offered.contains(row.purpose)
          && open
          && !ended
          && now.isBefore(until);
    }

    boolean mayUse(Row row) {
      return given.containsKey(row) && row.purpose.keeps();
    }
  }

  private final List<Device> people =
      List.of(new Device("ada"), new Device("ben"), new Device("cas"));

  @Test
  void noPermitIsEverLiveOutsideItsGrant() {
    for (int seed = 0; seed < HISTORIES; seed++) {
      history(new Random(seed), "history " + seed);
    }
  }

  private void history(Random random, String name) {
    House house = new House();
    Model model = new Model();
    Map<Leave<?>, Row> everMade = new LinkedHashMap<>();
    Set<WithdrawalSecret> spent = new HashSet<>();
    for (int step = 0; step < STEPS; step++) {
      Consents before = house.consents;
      String what = name + ", step " + step + ": " + act(random, house, model, spent);
      if (house.consents != before) {
        everMade.clear(); // the process that held them is gone
      }
      house.clock.forward(Duration.ofSeconds(random.nextInt(20)));
      judge(house, model, everMade, what);
    }
  }

  private String act(Random random, House house, Model model, Set<WithdrawalSecret> spent) {
    Row row = ROWS.get(random.nextInt(ROWS.size()));
    Device device = people.get(row.person);
    Instant now = house.clock.instant();
    boolean asks = model.open && !model.ended && now.isBefore(model.until);
    return switch (random.nextInt(12)) {
      case 0, 1, 2, 3 -> {
        WithdrawalSecret secret = device.secret();
        boolean counts =
            house.answer(device, house.draft(device).yes(row.purpose, row.medium, secret.handle()))
                instanceof Consents.Answering.Answered;
        assertThat(counts)
            .isEqualTo(
                asks && model.offered.contains(row.purpose) && !model.given.containsKey(row));
        if (counts) {
          model.given.put(row, secret);
        }
        yield "yes to " + row;
      }
      case 4, 5 -> {
        boolean counts =
            house.answer(device, house.draft(device).no(row.purpose, row.medium))
                instanceof Consents.Answering.Answered;
        assertThat(counts).isEqualTo(asks);
        if (counts) {
          WithdrawalSecret secret = model.given.remove(row);
          if (secret != null) {
            spent.add(secret);
          }
        }
        yield "no to " + row;
      }
      case 6, 7 -> {
        WithdrawalSecret secret = model.given.remove(row);
        if (secret == null) {
          assertThat(house.consents.withdraw(device.secret()))
              .isInstanceOf(Consents.Withdrawing.Unknown.class);
          yield "a wrong secret";
        }
        assertThat(house.consents.withdraw(secret))
            .isInstanceOf(Consents.Withdrawing.Promised.class);
        spent.add(secret);
        yield "withdrawal of " + row;
      }
      case 8 -> {
        if (!spent.isEmpty()) {
          WithdrawalSecret old = List.copyOf(spent).get(random.nextInt(spent.size()));
          assertThat(
                  house.answer(
                      device, house.draft(device).yes(row.purpose, row.medium, old.handle())))
              .isInstanceOf(Consents.Answering.Refused.class);
        }
        yield "yes under an old handle";
      }
      case 9 -> {
        if (!model.ended) {
          List<Purpose> all = new ArrayList<>(Purpose.all());
          all.removeIf(_ -> random.nextInt(3) == 0);
          model.offered = Set.copyOf(all);
          model.open = true;
          house.consents.offer(House.MEETING, house.offer(model.offered, House.COMPANION));
        }
        yield "another offer";
      }
      case 10 -> {
        house.start();
        model.open = false;
        if (!model.ended && random.nextInt(4) != 0) {
          house.consents.offer(House.MEETING, house.offer(model.offered, House.COMPANION));
          model.open = true;
        }
        yield "restart";
      }
      default -> {
        if (random.nextInt(8) == 0) {
          house.consents.endMeeting(House.MEETING);
          model.ended = true;
          yield "end of the meeting";
        }
        if (random.nextInt(8) == 0) {
          house.clock.forward(Duration.ofHours(11));
          yield "a long silence";
        }
        house.consents.tick();
        yield "tick";
      }
    };
  }

  private void judge(House house, Model model, Map<Leave<?>, Row> everMade, String what) {
    Instant now = house.clock.instant();
    Set<Purpose> active = new HashSet<>();
    for (Row row : ROWS) {
      Device device = people.get(row.person);
      var permit = house.permit(device, row.purpose, row.medium);
      assertThat(permit.isPresent()).as(what + ", " + row).isEqualTo(model.mayTakeIn(row, now));
      permit.ifPresent(p -> {
        assertThat(p.live(house.clock.millis())).as(what).isTrue();
        everMade.put(p, row);
        active.add(row.purpose);
      });
      WithdrawalSecret secret = model.given.get(row);
      if (secret != null) {
        var use = house.consents.use(secret.handle(), row.purpose);
        assertThat(use.isPresent()).as(what).isEqualTo(model.mayUse(row));
        use.ifPresent(u -> everMade.put(u, row));
      }
    }
    assertThat(house.consents.active(House.MEETING)).as(what).isEqualTo(active);
    everMade.forEach((leave, row) -> {
      if (leave.live(house.clock.millis())) {
        WithdrawalSecret secret = model.given.get(row);
        assertThat(secret).as(what + ": a live leave without a grant, " + leave).isNotNull();
        assertThat(leave.handle()).as(what).isEqualTo(secret.handle());
      }
    });
  }
}
