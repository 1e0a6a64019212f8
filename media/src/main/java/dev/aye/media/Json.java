package dev.aye.media;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON text (RFC 8259) as far as access tokens need it: objects, arrays, strings, booleans,
 * numbers. Reading refuses duplicate keys, nesting deeper than eight and anything after the value.
 */
final class Json {
  private static final int MAX_DEPTH = 8;
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /** Reads one object; throws {@link IllegalArgumentException} if the text is anything else. */
  static Map<String, Object> object(String text) {
    Json json = new Json(text);
    Object value = json.value(0);
    json.space();
    if (json.at != text.length()) {
      throw json.wrong();
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw json.wrong();
    }
    Map<String, Object> out = new LinkedHashMap<>();
    map.forEach((k, v) -> out.put((String) k, v));
    return out;
  }

  /** Writes maps, collections, strings, numbers and booleans. */
  static String text(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value);
    return out.toString();
  }

  private static void write(StringBuilder out, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        out.append('{');
        String comma = "";
        for (Map.Entry<?, ?> e : map.entrySet()) {
          out.append(comma);
          quote(out, (String) e.getKey());
          out.append(':');
          write(out, e.getValue());
          comma = ",";
        }
        out.append('}');
      }
      case Collection<?> list -> {
        out.append('[');
        String comma = "";
        for (Object o : list) {
          out.append(comma);
          write(out, o);
          comma = ",";
        }
        out.append(']');
      }
      case String s -> quote(out, s);
      default -> out.append(value);
    }
  }

  private static void quote(StringBuilder out, String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || c == 0x7f) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw wrong();
    }
    space();
    return switch (peek()) {
      case '{' -> members(depth);
      case '[' -> elements(depth);
      case '"' -> string();
      case 't' -> literal("true", true);
      case 'f' -> literal("false", false);
      case 'n' -> literal("null", "");
      default -> number();
    };
  }

  private Map<String, Object> members(int depth) {
    Map<String, Object> map = new LinkedHashMap<>();
    at++;
    space();
    if (peek() == '}') {
      at++;
      return map;
    }
    while (true) {
      space();
      String key = string();
      space();
      expect(':');
      if (map.put(key, value(depth + 1)) != null) {
        throw wrong();
      }
      space();
      if (peek() == '}') {
        at++;
        return map;
      }
      expect(',');
    }
  }

  private List<Object> elements(int depth) {
    List<Object> list = new ArrayList<>();
    at++;
    space();
    if (peek() == ']') {
      at++;
      return list;
    }
    while (true) {
      list.add(value(depth + 1));
      space();
      if (peek() == ']') {
        at++;
        return list;
      }
      expect(',');
    }
  }

  private String string() {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return out.toString();
      }
      if (c < 0x20) {
        throw wrong();
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char e = next();
      switch (e) {
        case '"', '\\', '/' -> out.append(e);
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'u' -> {
          if (at + 4 > text.length()) {
            throw wrong();
          }
          try {
            out.append((char) Integer.parseUnsignedInt(text, at, at + 4, 16));
          } catch (NumberFormatException notHex) {
            throw wrong(notHex);
          }
          at += 4;
        }
        default -> throw wrong();
      }
    }
  }

  private Object literal(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw wrong();
    }
    at += word.length();
    return value;
  }

  private Object number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    try {
      double d = Double.parseDouble(text.substring(start, at));
      if (d == Math.rint(d) && Math.abs(d) < 9e15) {
        return (long) d;
      }
      return d;
    } catch (NumberFormatException notNumber) {
      throw wrong(notNumber);
    }
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    if (at >= text.length()) {
      throw wrong();
    }
    return text.charAt(at);
  }

  private char next() {
    char c = peek();
    at++;
    return c;
  }

  private void expect(char c) {
    if (next() != c) {
      throw wrong();
    }
  }

  private IllegalArgumentException wrong() {
    return new IllegalArgumentException("not the expected JSON at " + at);
  }

  private IllegalArgumentException wrong(Exception cause) {
    return new IllegalArgumentException("not the expected JSON at " + at, cause);
  }
}
