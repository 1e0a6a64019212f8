package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Hash;
import java.util.List;
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

    assertThat(en.rows()).isEqualTo(nl.rows());
    assertThat(List.copyOf(en.rows().keySet()))
        .containsExactly(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
    assertThat(en.rows().get(Purpose.CAPTIONS)).isEqualTo(Set.of(Medium.VOICE));
    assertThat(en.rows().get(Purpose.TRAINING)).isEqualTo(Set.of(Medium.VOICE, Medium.CHAT));
    var mapper = tools.jackson.databind.json.JsonMapper.shared();
    assertThat(mapper.readTree(en.text()).get("full").size())
        .isEqualTo(mapper.readTree(nl.text()).get("full").size());
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
  void aTextThatDoesNotExistIsNotMadeUp() {
    assertThatThrownBy(() -> Notice.render(1, "xx", House.CONTROLLER))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Notice.render(99, "en", House.CONTROLLER))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
