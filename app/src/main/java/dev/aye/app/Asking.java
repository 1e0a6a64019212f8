package dev.aye.app;

import dev.aye.consent.Choice;
import dev.aye.consent.Consents;
import dev.aye.consent.Controller;
import dev.aye.consent.Handle;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Notice;
import dev.aye.consent.Offer;
import dev.aye.consent.PersonId;
import dev.aye.consent.Processor;
import dev.aye.consent.Purpose;
import dev.aye.consent.Recipient;
import dev.aye.consent.RecipientId;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.log.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What may be asked of people here, and by which texts: the notices and the companion's key, both
 * in the log before anybody sees them, and each open meeting's offer.
 */
final class Asking {
  /** How long after its beginning a meeting can take anything in. */
  static final Duration LONGEST_MEETING = Duration.ofDays(7);

  static final String COMPANION_NAME = "Aye companion";

  private final AyeConfig config;
  private final Consents consents;
  private final Log log;
  private final List<Notice> notices;
  private final Recipient companion;
  private final long keyIndex;

  Asking(
      AyeConfig config,
      Consents consents,
      Log log,
      OwnLeaves leaves,
      CompanionKey key,
      Processor processor) {
    this.config = config;
    this.consents = consents;
    this.log = log;
    this.companion = new Recipient(RecipientId.COMPANION, key.b64u(), processor);
    this.keyIndex = leaves.index(new Leaf.Key(Point.of(key.point())));
    this.notices =
        Notice.LOCALES.stream()
            .map(locale -> Notice.render(Notice.CURRENT, locale, controller(config, locale)))
            .toList();
    notices.forEach(consents::publish);
  }

  /**
   * Who answers in law, as the operator said it; what was not said, in the language of the text.
   */
  private static Controller controller(AyeConfig config, String locale) {
    Controller usual =
        locale.equals("nl")
            ? new Controller(
                "de beheerder van deze Aye-server",
                "degene die je uitnodigde",
                "de toezichthouder voor privacy in je land")
            : new Controller(
                "the operator of this Aye server",
                "the person who invited you",
                "the data-protection authority of your country");
    return new Controller(
        config.controller().isEmpty() ? usual.name() : config.controller(),
        config.contact().isEmpty() ? usual.contact() : config.contact(),
        config.authority().isEmpty() ? usual.authority() : config.authority());
  }

  /** What the operator lets be asked. */
  List<String> allowed() {
    return config.purposes();
  }

  /**
   * The purposes that a host asked for, in the order of the card.
   *
   * @throws Problem when one of them is unknown here or stands there twice
   */
  List<String> narrowed(List<String> wanted) {
    Set<String> set = new LinkedHashSet<>(wanted);
    if (set.size() != wanted.size() || !allowed().containsAll(set)) {
      throw Problem.badRequest(
          "purposes", "What can be asked here is " + String.join(", ", allowed()) + ", each once.");
    }
    return allowed().stream().filter(set::contains).toList();
  }

  /** Opens the meeting for answers, or changes what it may ask. */
  void offer(Meetings.Meeting meeting) {
    Set<Purpose> purposes = new LinkedHashSet<>();
    for (String id : meeting.purposes()) {
      if (allowed().contains(id)) {
        Purpose.named(id).ifPresent(purposes::add);
      }
    }
    consents.offer(
        new MeetingId(meeting.id()),
        new Offer(
            purposes,
            List.of(companion),
            notices,
            Instant.ofEpochMilli(meeting.created()).plus(LONGEST_MEETING)));
  }

  /** The meeting as everybody may know it. */
  Says.Meeting describe(Meetings.Meeting meeting, boolean host) {
    Map<String, Object> texts = new LinkedHashMap<>();
    texts.put("version", Notice.CURRENT);
    notices.forEach(notice -> texts.put(notice.locale(), notice.text()));
    return new Says.Meeting(
        meeting.id(),
        meeting.title(),
        meeting.demo(),
        meeting.ended(),
        host,
        new Says.Ai(
            asked(meeting),
            List.of(
                new Says.Recipient(
                    companion.id().value(),
                    COMPANION_NAME,
                    companion.key(),
                    keyIndex,
                    log.proof(keyIndex),
                    new Says.Processor(
                        companion.processor().host(), companion.processor().model())))),
        texts,
        new Says.LogName(log.origin(), log.vkey()));
  }

  /**
   * The sign of the meeting: whether anything is listening, and whether to everybody. It names all
   * that may be asked here, not what was granted: between two people that would tell what the other
   * one chose.
   */
  Says.AiState sign(Meetings.Meeting meeting, boolean listening, boolean partial) {
    List<String> asked = asked(meeting);
    return new Says.AiState(
        listening,
        partial,
        !listening
            ? List.of()
            : List.of(
                new Says.Listener(
                    companion.id().value(),
                    COMPANION_NAME,
                    companion.processor().host(),
                    companion.processor().model(),
                    asked)));
  }

  private List<String> asked(Meetings.Meeting meeting) {
    return meeting.purposes().stream().filter(allowed()::contains).toList();
  }

  /** How each row of the card stands for one person: for that person alone. */
  Says.Mine mine(Meetings.Meeting meeting, PersonId person) {
    List<Choice> answered = consents.choices(person, new MeetingId(meeting.id()));
    List<Says.Choice> rows = new ArrayList<>(answered.stream().map(Asking::said).toList());
    notices
        .getFirst()
        .rows()
        .forEach((purpose, media) ->
            media.forEach(medium -> {
              boolean open =
                  meeting.purposes().contains(purpose.id())
                      && answered.stream()
                          .noneMatch(c -> c.purpose().equals(purpose) && c.medium() == medium);
              if (open) {
                rows.add(
                    new Says.Choice(
                        purpose.id(), medium.id(), "requested", java.util.Optional.empty()));
              }
            }));
    return new Says.Mine(rows);
  }

  static Says.Choice said(Choice choice) {
    return new Says.Choice(
        choice.purpose().id(),
        choice.medium().id(),
        choice.state().id(),
        choice.handle().map(Handle::value));
  }
}
