package dev.aye.consent;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object from the network, read so that two readers cannot understand it differently.
 *
 * <p>RFC 8259 without its freedoms: well-formed UTF-8 and no byte order mark, no key twice in an
 * object, no key that is not expected, none missing, no {@code null}, bounded nesting and lengths,
 * integers only, nothing after the end, no lone surrogates and no control characters in texts.
 */
final class StrictJson {
  private static final int MAX_DEPTH = 8;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNameLength(64)
                          .maxNumberLength(16)
                          .maxStringLength(256 * 1024)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private final JsonNode node;
  private final String where;

  private StrictJson(JsonNode node, String where) {
    this.node = node;
    this.where = where;
  }

  /** The object in {@code utf8}, whose keys are exactly {@code keys}. */
  static StrictJson read(byte[] utf8, String where, String... keys) throws Flaw {
    return readAny(utf8, where).having(keys);
  }

  /** The object in {@code utf8}, with its keys still to be checked by {@link #having}. */
  static StrictJson readAny(byte[] utf8, String where) throws Flaw {
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(utf8))
              .toString();
    } catch (CharacterCodingException e) {
      throw Flaw.malformed(where + " is not UTF-8");
    }
    if (text.startsWith("\uFEFF")) {
      throw Flaw.malformed(where + " begins with a byte order mark");
    }
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JacksonException e) {
      throw Flaw.malformed(where + " is not strict JSON");
    }
    return object(node, where);
  }

  private static StrictJson object(@Nullable JsonNode node, String where) throws Flaw {
    if (node == null || !node.isObject()) {
      throw Flaw.malformed(where + " is not an object");
    }
    return new StrictJson(node, where);
  }

  /** This, when its keys are exactly {@code keys}. */
  StrictJson having(String... keys) throws Flaw {
    return having(Set.of(), keys);
  }

  /** This, when its keys are {@code keys} and perhaps some of {@code optional}. */
  StrictJson having(Set<String> optional, String... keys) throws Flaw {
    Set<String> missing = new HashSet<>(Set.of(keys));
    for (String key : node.propertyNames()) {
      if (!missing.remove(key) && !optional.contains(key)) {
        throw Flaw.malformed(where + " has an unknown field");
      }
    }
    if (!missing.isEmpty()) {
      throw Flaw.malformed(where + " lacks " + missing.stream().sorted().toList());
    }
    return this;
  }

  /** A text of 1 to {@code max} characters. */
  String text(String key, int max) throws Flaw {
    return checkedText(node.get(key), name(key), max);
  }

  /** A text, when the key is there. */
  Optional<String> optionalText(String key, int max) throws Flaw {
    return node.has(key) ? Optional.of(text(key, max)) : Optional.empty();
  }

  private static String checkedText(@Nullable JsonNode value, String name, int max) throws Flaw {
    if (value == null || !value.isString()) {
      throw Flaw.malformed(name + " is not a text");
    }
    String text = value.stringValue();
    if (text.isEmpty() || text.length() > max) {
      throw Flaw.malformed(name + " is not 1 to " + max + " characters long");
    }
    if (!text.codePoints().allMatch(StrictJson::acceptable)) {
      throw Flaw.malformed(name + " has control characters or lone surrogates");
    }
    return text;
  }

  private static boolean acceptable(int codePoint) {
    int type = Character.getType(codePoint);
    return codePoint == '\n' || (type != Character.CONTROL && type != Character.SURROGATE);
  }

  /** Exactly this text. */
  void exactly(String key, String expected) throws Flaw {
    if (!text(key, Math.max(expected.length(), 64)).equals(expected)) {
      throw Flaw.malformed(name(key) + " is not " + expected);
    }
  }

  /** Whether it is there; it can only be there as {@code true}. */
  boolean isTrue(String key) throws Flaw {
    JsonNode value = node.get(key);
    if (value != null && !(value.isBoolean() && value.booleanValue())) {
      throw Flaw.malformed(name(key) + " is there and not true");
    }
    return value != null;
  }

  /** Canonical base64url of {@code length} bytes. */
  String base64url(String key, int length) throws Flaw {
    String text = text(key, (length * 4 + 2) / 3);
    try {
      return Base64Url.ofLength(text, length, name(key));
    } catch (IllegalArgumentException e) {
      throw Flaw.malformed(name(key) + " is not base64url of " + length + " bytes");
    }
  }

  /** An integer written without fraction or exponent. */
  long integer(String key, long min, long max) throws Flaw {
    JsonNode value = node.get(key);
    if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
      throw Flaw.malformed(name(key) + " is not an integer");
    }
    long number = value.longValue();
    if (number < min || number > max) {
      throw Flaw.malformed(name(key) + " is out of range");
    }
    return number;
  }

  StrictJson object(String key, String... keys) throws Flaw {
    return object(key).having(keys);
  }

  /** An object with its keys still to be checked. */
  StrictJson object(String key) throws Flaw {
    return object(node.get(key), name(key));
  }

  /** One to {@code max} objects, their keys still to be checked. */
  List<StrictJson> objects(String key, int max) throws Flaw {
    List<StrictJson> objects = new ArrayList<>();
    for (JsonNode element : array(key, max)) {
      objects.add(object(element, name(key)));
    }
    return objects;
  }

  /** One to {@code max} texts. */
  List<String> texts(String key, int max, int maxLength) throws Flaw {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : array(key, max)) {
      texts.add(checkedText(element, name(key), maxLength));
    }
    return texts;
  }

  private Iterable<JsonNode> array(String key, int max) throws Flaw {
    JsonNode value = node.get(key);
    if (value == null || !value.isArray() || value.isEmpty() || value.size() > max) {
      throw Flaw.malformed(name(key) + " is not a list of 1 to " + max);
    }
    return value;
  }

  private String name(String key) {
    return where + "." + key;
  }
}
