package dev.aye.consent;

import dev.aye.log.Hash;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The text that a person is shown before they answer: one version in one language, with its exact
 * bytes.
 *
 * <p>The page draws the card from these bytes and their SHA-256 is in the log, so that what was
 * shown is what was hashed. A grant covers this text and never another. The texts stand in the
 * resources {@code notices/<version>.<locale>.json}; who the controller is comes from the
 * configuration, so two organisations have two hashes. Form: docs/protocol.md.
 *
 * @param text the exact JSON text; its UTF-8 bytes are what is hashed
 * @param controller its name in this text
 * @param rows what is asked: each purpose with its media, in the order of the card
 */
public record Notice(
    int version,
    String locale,
    String text,
    Hash hash,
    Controller controller,
    Map<Purpose, Set<Medium>> rows) {

  /** The newest version of the texts in this build. */
  public static final int CURRENT = 1;

  /** The languages that every version has. */
  public static final List<String> LOCALES = List.of("en", "nl");

  static final int MAX_BYTES = 64 * 1024;
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(controller|contact|authority)}");
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  public Notice {
    Map<Purpose, Set<Medium>> copy = new LinkedHashMap<>();
    rows.forEach((purpose, media) ->
        copy.put(purpose, Collections.unmodifiableSet(new LinkedHashSet<>(media))));
    rows = Collections.unmodifiableMap(copy);
  }

  /** The current text in each language, for this controller. */
  public static List<Notice> current(Controller controller) {
    return LOCALES.stream().map(locale -> render(CURRENT, locale, controller)).toList();
  }

  /**
   * The text of one version in one language, for this controller: the same arguments give the same
   * bytes.
   *
   * @throws IllegalArgumentException when this build has no such text
   */
  public static Notice render(int version, String locale, Controller controller) {
    String name = "/notices/" + version + "." + locale + ".json";
    JsonNode template;
    try (InputStream in = Notice.class.getResourceAsStream(name)) {
      if (in == null || !LOCALES.contains(locale)) {
        throw new IllegalArgumentException("there is no notice " + version + " in that language");
      }
      template = MAPPER.readTree(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name, e);
    }
    byte[] bytes = MAPPER.writeValueAsBytes(filled(template, controller));
    try {
      Notice notice = read(bytes);
      if (notice.version != version || !notice.locale.equals(locale)) {
        throw new IllegalStateException(name + " says it is another version or language");
      }
      return notice;
    } catch (Flaw flaw) {
      throw new IllegalStateException(name + " is no notice: " + flaw.detail(), flaw);
    }
  }

  /** Reads the exact bytes of a notice, such as one kept from an earlier version. */
  static Notice read(byte[] utf8) throws Flaw {
    if (utf8.length > MAX_BYTES) {
      throw new Flaw(Refusal.OVERSIZED, "the notice is longer than " + MAX_BYTES + " bytes");
    }
    StrictJson fields =
        StrictJson.read(
            utf8, "notice", "version", "locale", "controller", "lead", "rows", "foot", "full");
    StrictJson controller = fields.object("controller", "name", "contact", "authority");
    Map<Purpose, Set<Medium>> rows = new LinkedHashMap<>();
    for (StrictJson row : fields.objects("rows", Purpose.all().size())) {
      row.having(
          "purpose", "label", "sentence", "media", "recipient", "retention", "basis", "undo");
      Purpose purpose =
          Purpose.named(row.text("purpose", 16))
              .orElseThrow(() -> Flaw.malformed("a row has an unknown purpose"));
      for (String sentence :
          List.of("label", "sentence", "recipient", "retention", "basis", "undo")) {
        row.text(sentence, 2000);
      }
      if (rows.put(purpose, media(row)) != null) {
        throw Flaw.malformed("two rows have the same purpose");
      }
    }
    fields.texts("lead", 8, 2000);
    fields.texts("foot", 8, 2000);
    fields.texts("full", 64, 4000);
    try {
      return new Notice(
          (int) fields.integer("version", 1, 1_000_000),
          fields.text("locale", 35),
          new String(utf8, StandardCharsets.UTF_8),
          Hash.sha256(utf8),
          new Controller(
              controller.text("name", 200),
              controller.text("contact", 200),
              controller.text("authority", 200)),
          rows);
    } catch (IllegalArgumentException e) {
      throw Flaw.malformed("the controller is not named in single lines");
    }
  }

  private static Set<Medium> media(StrictJson row) throws Flaw {
    Set<Medium> media = new LinkedHashSet<>();
    for (StrictJson entry : row.objects("media", Medium.values().length)) {
      entry.having("medium", "label").text("label", 200);
      Medium medium =
          Medium.named(entry.text("medium", 16))
              .orElseThrow(() -> Flaw.malformed("a row has an unknown medium"));
      if (!media.add(medium)) {
        throw Flaw.malformed("a row has a medium twice");
      }
    }
    return media;
  }

  /** Whether this text asks for that. */
  public boolean asks(Purpose purpose, Medium medium) {
    return rows.getOrDefault(purpose, Set.of()).contains(medium);
  }

  public byte[] bytes() {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static JsonNode filled(JsonNode node, Controller controller) {
    if (node.isString()) {
      return JsonNodeFactory.instance.stringNode(
          PLACEHOLDER
              .matcher(node.stringValue())
              .replaceAll(match -> Matcher.quoteReplacement(value(match, controller))));
    }
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      List<JsonNode> elements = new ArrayList<>();
      node.forEach(element -> elements.add(filled(element, controller)));
      return array.addAll(elements);
    }
    if (node.isObject()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (String key : node.propertyNames()) {
        object.set(key, filled(Objects.requireNonNull(node.get(key)), controller));
      }
      return object;
    }
    return node;
  }

  private static String value(MatchResult match, Controller controller) {
    return switch (match.group(1).toLowerCase(Locale.ROOT)) {
      case "controller" -> controller.name();
      case "contact" -> controller.contact();
      case "authority" -> controller.authority();
      default -> throw new IllegalStateException("no such placeholder");
    };
  }

  @Override
  public String toString() {
    return "notice " + version + " (" + locale + ")";
  }
}
