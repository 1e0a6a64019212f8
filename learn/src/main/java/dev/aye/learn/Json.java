package dev.aye.learn;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON as this house reads and writes it: records, fields in alphabetical order, one line; no
 * duplicate, missing, unknown or null fields.
 */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(16)
                          .maxStringLength(1 << 20)
                          .maxDocumentLength(512L << 20)
                          .build())
                  .build())
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private static final JsonMapper PRETTY =
      MAPPER
          .rebuild()
          .enable(tools.jackson.databind.SerializationFeature.INDENT_OUTPUT)
          .disable(tools.jackson.databind.SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private Json() {}

  static byte[] write(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  /** For people to read: indented, maps in their own order. */
  static byte[] pretty(Object value) {
    return PRETTY.writeValueAsBytes(value);
  }

  /**
   * @throws IllegalArgumentException when the bytes are not such a record; the message does not
   *     repeat them
   */
  static <T> T read(byte[] bytes, Class<T> type) {
    try {
      return MAPPER.readValue(bytes, type);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "not the JSON of a " + type.getSimpleName() + ": " + e.getOriginalMessage(), e);
    }
  }
}
