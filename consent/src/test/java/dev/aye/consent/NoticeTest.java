package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Hash;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NoticeTest {
  @Test
  void theSameControllerGivesTheSameBytesInEachLanguage() {
    for (String locale : Notice.LOCALES) {
      Notice notice = Notice.render(1, locale, House.CONTROLLER);

      assertThat(notice).isEqualTo(Notice.render(1, locale, House.CONTROLLER));
      assertThat(notice.hash()).isEqualTo(Hash.sha256(notice.bytes()));
      assertThat(notice.text())
          .contains("Example Cooperative", "privacy@example.org")
          .doesNotContain("{controller}", "{contact}", "{authority}");
    }
  }

  @Test
  void bothLanguagesAskTheSameAndSayAsMuch() {
    Notice en = Notice.render(1, "en", House.CONTROLLER);
    Notice nl = Notice.render(1, "nl", House.CONTROLLER);

    assertThat(media(en)).isEqualTo(media(nl));
    assertThat(List.copyOf(en.rows().keySet()))
        .containsExactly(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
    assertThat(media(en).get(Purpose.CAPTIONS)).isEqualTo(Set.of(Medium.VOICE));
    assertThat(media(en).get(Purpose.TRAINING)).isEqualTo(Set.of(Medium.VOICE, Medium.CHAT));
    var mapper = tools.jackson.databind.json.JsonMapper.shared();
    assertThat(mapper.readTree(en.text()).get("full").size())
        .isEqualTo(mapper.readTree(nl.text()).get("full").size());
  }

  private static java.util.Map<Purpose, Set<Medium>> media(Notice notice) {
    java.util.Map<Purpose, Set<Medium>> media = new java.util.HashMap<>();
    notice.rows().forEach((purpose, row) -> media.put(purpose, row.media().keySet()));
    return media;
  }

  /** Operators say who they are as it reads within a sentence, such as "the club of our street". */
  @Test
  void noSentenceBeginsWithWhatTheOperatorSaysOfItself() {
    Controller lower = new Controller("the club", "the desk", "the authority");
    for (String locale : Notice.LOCALES) {
      String text = Notice.render(1, locale, lower).text();
      assertThat(text).contains("the club", "the desk", "the authority");
      assertThat(text.replaceFirst("\"controller\":\\{[^}]*}", ""))
          .doesNotContainPattern("(\"|[.:?] )the (club|desk|authority)");
    }
  }

  @Test
  void anotherControllerIsAnotherText() {
    Controller other = new Controller("Example Foundation", "privacy@example.org", "x");

    assertThat(Notice.render(1, "en", other).hash())
        .isNotEqualTo(Notice.render(1, "en", House.CONTROLLER).hash());
  }

  @Test
  void aControllersNameIsTextAndNothingElse() throws Flaw {
    Controller odd = new Controller("{contact} \"Quote\" $1 \\ <b>", "c", "a");

    Notice notice = Notice.render(1, "en", odd);

    assertThat(notice.controller()).isEqualTo(odd);
    assertThat(Notice.read(notice.bytes())).isEqualTo(notice);
    assertThatThrownBy(() -> new Controller("two\nlines", "c", "a"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void versionsCountByThemselvesWhenAWordChanges() {
    House house = new House();
    Controller other =
        new Controller(House.CONTROLLER.name(), "desk@example.org", House.CONTROLLER.authority());

    List<Notice> first = house.consents.publish(_ -> House.CONTROLLER);
    List<Notice> second = house.consents.publish(_ -> other);
    List<Notice> again = house.start().publish(_ -> other);
    List<Notice> third = house.consents.publish(_ -> House.CONTROLLER);

    assertThat(first).extracting(Notice::version).containsExactly(1, 1);
    assertThat(second).extracting(Notice::version).containsExactly(2, 2);
    assertThat(again).isEqualTo(second);
    assertThat(third).extracting(Notice::version).containsExactly(3, 3);
    assertThat(house.journal.all(dev.aye.log.Leaf.Notice.class)).hasSize(6);
    assertThat(house.consents.notices())
        .extracting(published -> published.notice().version())
        .containsExactly(1, 1, 2, 2, 3, 3);
    assertThat(house.consents.notice(first.getFirst().hash())).contains(first.getFirst());
  }

  @Test
  void aVersionThatACrashCutInHalfIsFinished() {
    House house = new House();
    Controller other = new Controller("Another Name", "a@example.org", "b");
    house.consents.publish(Notice.current(2, _ -> other).getFirst());

    assertThat(house.start().publish(_ -> other)).extracting(Notice::version).containsExactly(2, 2);
    assertThat(house.consents.notices()).hasSize(4);
  }

  @Test
  void whatChangedIsToldInWords() throws Flaw {
    Notice older = Notice.render(1, "en", House.CONTROLLER);
    String text =
        older
            .text()
            .replace("\"version\":1", "\"version\":2")
            .replace("Nothing is kept.", "Kept for a day.")
            .replace(",{\"medium\":\"chat\",\"label\":\"What I write in the chat\"}", "");
    Notice newer = Notice.read(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));

    assertThat(Notice.difference(older, older)).isEmpty();
    assertThat(Notice.difference(older, newer))
        .contains(
            new Difference(
                "rows",
                Optional.of(Purpose.CAPTIONS),
                "retention",
                Optional.of("Nothing is kept."),
                Optional.of("Kept for a day.")),
            new Difference(
                "rows",
                Optional.of(Purpose.TRAINING),
                "media.chat",
                Optional.of("What I write in the chat"),
                Optional.empty()));
    assertThatThrownBy(() -> Notice.difference(older, Notice.render(1, "nl", House.CONTROLLER)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aParagraphThatIsGoneStandsBesideTheOneThatCame() {
    Notice older = Notice.render(1, "en", House.CONTROLLER);
    Notice newer = Notice.render(2, "en", new Controller(House.CONTROLLER.name(), "the desk", "x"));

    assertThat(Notice.difference(older, newer))
        .anyMatch(d -> d.part().equals("controller") && d.field().equals("contact"))
        .anyMatch(d ->
            d.part().equals("full")
                && d.before().orElse("").contains("privacy@example.org")
                && d.after().orElse("").contains("the desk"));
  }

  @Test
  void aTextThatDoesNotExistIsNotMadeUp() {
    assertThatThrownBy(() -> Notice.render(1, "xx", House.CONTROLLER))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
