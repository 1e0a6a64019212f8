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
import dev.aye.consent.RoomId;
import dev.aye.consent.Scope;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.log.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    this.notices = consents.publish(locale -> controller(config, locale));
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
    return config.minorsMayBePresent() ? amongMinors(config.purposes()) : config.purposes();
  }

  private static List<String> amongMinors(List<String> purposes) {
    Set<Purpose> all = new LinkedHashSet<>();
    purposes.forEach(id -> Purpose.named(id).ifPresent(all::add));
    return Offer.amongMinors(all).stream().map(Purpose::id).toList();
  }

  /** What is asked in a meeting: what operator and host both let be asked. */
  private List<String> asked(Meetings.Meeting meeting) {
    List<String> asked = meeting.purposes().stream().filter(allowed()::contains).toList();
    return meeting.minors() ? amongMinors(asked) : asked;
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
    asked(meeting).forEach(id -> Purpose.named(id).ifPresent(purposes::add));
    consents.offer(
        new MeetingId(meeting.id()),
        new Offer(
            purposes,
            List.of(companion),
            notices,
            Instant.ofEpochMilli(meeting.created()).plus(LONGEST_MEETING),
            Optional.of(new RoomId(meeting.room())),
            config.ceiling()));
  }

  /** The meeting as everybody may know it. */
  Says.Meeting describe(Meetings.Meeting meeting, boolean host) {
    Map<String, Object> texts = new LinkedHashMap<>();
    texts.put("version", notices.getFirst().version());
    notices.forEach(notice -> texts.put(notice.locale(), notice.text()));
    return new Says.Meeting(
        meeting.id(),
        meeting.title(),
        meeting.room(),
        meeting.demo(),
        meeting.ended(),
        host,
        config.minorsMayBePresent() || meeting.minors(),
        config.minorsMayBePresent(),
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
        new Says.Scopes(config.scope(), config.scopeWidest(), config.scopeDays()),
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

  /** How each row of the card stands for one person: for that person alone. */
  Says.Mine mine(Meetings.Meeting meeting, PersonId person) {
    List<Choice> answered = consents.choices(person, new MeetingId(meeting.id()));
    List<Says.Choice> rows = new ArrayList<>(answered.stream().map(Asking::said).toList());
    notices
        .getFirst()
        .rows()
        .forEach((purpose, row) ->
            row.media()
                .keySet()
                .forEach(medium -> {
                  boolean open =
                      asked(meeting).contains(purpose.id())
                          && answered.stream()
                              .noneMatch(c -> c.purpose().equals(purpose) && c.medium() == medium);
                  if (open) {
                    rows.add(
                        new Says.Choice(
                            purpose.id(),
                            medium.id(),
                            "requested",
                            Optional.empty(),
                            Optional.empty()));
                  }
                }));
    return new Says.Mine(rows);
  }

  static Says.Choice said(Choice choice) {
    return new Says.Choice(
        choice.purpose().id(),
        choice.medium().id(),
        choice.state().id(),
        Optional.of(said(choice.scope())),
        choice.handle().map(Handle::value));
  }

  private static Says.Scope said(Scope scope) {
    return new Says.Scope(
        scope.kind().id(),
        scope instanceof Scope.Room room ? Optional.of(room.id().value()) : Optional.empty(),
        scope.until().map(Times::text));
  }

  /** Every version of the texts, the newest first, each with what it changed. */
  Says.Notices notices() {
    List<Says.NoticeVersion> versions = new ArrayList<>();
    Map<String, Notice> before = new HashMap<>();
    for (Consents.Published published : consents.notices()) {
      Notice notice = published.notice();
      Notice older = before.put(notice.locale(), notice);
      versions.add(
          new Says.NoticeVersion(
              notice.version(),
              notice.locale(),
              notice.hash().b64u(),
              published.index(),
              Times.text(published.at()),
              older == null ? List.of() : difference(older, notice)));
    }
    return new Says.Notices(versions.reversed());
  }

  /** What one text says differently from an older one in the same language. */
  static List<Says.Difference> difference(Notice older, Notice newer) {
    return Notice.difference(older, newer).stream()
        .map(d ->
            new Says.Difference(
                d.part(), d.row().map(Purpose::id), d.field(), d.before(), d.after()))
        .toList();
  }
}
