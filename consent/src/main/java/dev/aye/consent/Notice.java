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
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
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
 * shown is what was hashed. A grant covers the row it was shown, word for word, and never another.
 * The texts of this build stand in the resources {@code notices/<locale>.json}; who the controller
 * is comes from the configuration, so two organisations have two hashes. {@link
 * Consents#publish(Function)} counts the versions. Form: docs/protocol.md.
 *
 * @param text the exact JSON text; its UTF-8 bytes are what is hashed
 * @param controller its name in this text
 * @param rows what is asked, in the order of the card
 */
public record Notice(
    int version,
    String locale,
    String text,
    Hash hash,
    Controller controller,
    List<String> lead,
    Map<Purpose, Row> rows,
    List<String> foot,
    List<String> full) {

  /**
   * What is asked for one purpose, in the words of this text.
   *
   * @param media each with its label; each is a choice of its own
   */
  public record Row(
      String label,
      String sentence,
      Map<Medium, String> media,
      String recipient,
      String retention,
      String basis,
      String undo) {
    public Row {
      media = Collections.unmodifiableMap(new LinkedHashMap<>(media));
    }
  }

  /** The languages that every version has. */
  public static final List<String> LOCALES = List.of("en", "nl");

  static final int MAX_BYTES = 64 * 1024;
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(controller|contact|authority)}");
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  public Notice {
    lead = List.copyOf(lead);
    rows = Collections.unmodifiableMap(new LinkedHashMap<>(rows));
    foot = List.copyOf(foot);
    full = List.copyOf(full);
  }

  /**
   * The text of this build in each language, for this controller, where it is the first version.
   */
  public static List<Notice> current(Controller controller) {
    return current(1, _ -> controller);
  }

  /** The text of this build in each language, for its controller there, as this version. */
  static List<Notice> current(int version, Function<String, Controller> controller) {
    return LOCALES.stream()
        .map(locale -> render(version, locale, controller.apply(locale)))
        .toList();
  }

  /**
   * The text of this build in one language, for this controller, as this version: the same
   * arguments give the same bytes.
   *
   * @throws IllegalArgumentException when there is no text in that language
   */
  public static Notice render(int version, String locale, Controller controller) {
    String name = "/notices/" + locale + ".json";
    JsonNode template;
    try (InputStream in = Notice.class.getResourceAsStream(name)) {
      if (in == null || !LOCALES.contains(locale)) {
        throw new IllegalArgumentException("there is no notice in that language");
      }
      template = MAPPER.readTree(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name, e);
    }
    ((ObjectNode) template).put("version", version);
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
    Map<Purpose, Row> rows = new LinkedHashMap<>();
    for (StrictJson row : fields.objects("rows", Purpose.all().size())) {
      row.having(
          "purpose", "label", "sentence", "media", "recipient", "retention", "basis", "undo");
      Purpose purpose =
          Purpose.named(row.text("purpose", 16))
              .orElseThrow(() -> Flaw.malformed("a row has an unknown purpose"));
      if (rows.put(purpose, row(row)) != null) {
        throw Flaw.malformed("two rows have the same purpose");
      }
    }
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
          fields.texts("lead", 8, 2000),
          rows,
          fields.texts("foot", 8, 2000),
          fields.texts("full", 64, 4000));
    } catch (IllegalArgumentException e) {
      throw Flaw.malformed("the controller is not named in single lines");
    }
  }

  private static Row row(StrictJson row) throws Flaw {
    return new Row(
        row.text("label", 2000),
        row.text("sentence", 2000),
        media(row),
        row.text("recipient", 2000),
        row.text("retention", 2000),
        row.text("basis", 2000),
        row.text("undo", 2000));
  }

  private static Map<Medium, String> media(StrictJson row) throws Flaw {
    Map<Medium, String> media = new LinkedHashMap<>();
    for (StrictJson entry : row.objects("media", Medium.values().length)) {
      entry.having("medium", "label");
      Medium medium =
          Medium.named(entry.text("medium", 16))
              .orElseThrow(() -> Flaw.malformed("a row has an unknown medium"));
      if (media.put(medium, entry.text("label", 200)) != null) {
        throw Flaw.malformed("a row has a medium twice");
      }
    }
    return media;
  }

  /** Whether this text asks for that. */
  public boolean asks(Purpose purpose, Medium medium) {
    Row row = rows.get(purpose);
    return row != null && row.media().containsKey(medium);
  }

  /**
   * What the newer text says differently from the older one, in the order of the newer; paragraphs
   * that only moved are not told.
   *
   * @throws IllegalArgumentException when they are in different languages
   */
  public static List<Difference> difference(Notice older, Notice newer) {
    if (!older.locale.equals(newer.locale)) {
      throw new IllegalArgumentException("the texts are in different languages");
    }
    List<Difference> found = new ArrayList<>();
    compare(
        found, "controller", Optional.empty(), words(older.controller), words(newer.controller));
    paragraphs(found, "lead", older.lead, newer.lead);
    Set<Purpose> purposes = new LinkedHashSet<>(newer.rows.keySet());
    purposes.addAll(older.rows.keySet());
    for (Purpose purpose : purposes) {
      compare(
          found,
          "rows",
          Optional.of(purpose),
          words(older.rows.get(purpose)),
          words(newer.rows.get(purpose)));
    }
    paragraphs(found, "foot", older.foot, newer.foot);
    paragraphs(found, "full", older.full, newer.full);
    return List.copyOf(found);
  }

  private static Map<String, String> words(Controller controller) {
    Map<String, String> words = new LinkedHashMap<>();
    words.put("name", controller.name());
    words.put("contact", controller.contact());
    words.put("authority", controller.authority());
    return words;
  }

  private static Map<String, String> words(@Nullable Row row) {
    Map<String, String> words = new LinkedHashMap<>();
    if (row != null) {
      words.put("label", row.label);
      words.put("sentence", row.sentence);
      row.media.forEach((medium, label) -> words.put("media." + medium.id(), label));
      words.put("recipient", row.recipient);
      words.put("retention", row.retention);
      words.put("basis", row.basis);
      words.put("undo", row.undo);
    }
    return words;
  }

  private static void compare(
      List<Difference> found,
      String part,
      Optional<Purpose> row,
      Map<String, String> before,
      Map<String, String> after) {
    Set<String> fields = new LinkedHashSet<>(after.keySet());
    fields.addAll(before.keySet());
    for (String field : fields) {
      Optional<String> old = Optional.ofNullable(before.get(field));
      Optional<String> now = Optional.ofNullable(after.get(field));
      if (!old.equals(now)) {
        found.add(new Difference(part, row, field, old, now));
      }
    }
  }

  /** A paragraph that is gone is told beside the one that came in its place, if one did. */
  private static void paragraphs(
      List<Difference> found, String part, List<String> before, List<String> after) {
    List<String> gone = before.stream().filter(text -> !after.contains(text)).toList();
    List<String> come = after.stream().filter(text -> !before.contains(text)).toList();
    for (int i = 0; i < Math.max(gone.size(), come.size()); i++) {
      found.add(
          new Difference(
              part,
              Optional.empty(),
              "text",
              i < gone.size() ? Optional.of(gone.get(i)) : Optional.empty(),
              i < come.size() ? Optional.of(come.get(i)) : Optional.empty()));
    }
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
