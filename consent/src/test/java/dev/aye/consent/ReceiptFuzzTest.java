package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.Curve;
import dev.aye.log.Hash;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.spec.ECFieldFp;
import java.security.spec.EllipticCurve;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Receipts changed by chance, with the verdict of this reader: {@code receipt-fuzz.json}, which the
 * reader of the web client is held to as well (receiptReader.test.ts). So two readers in two
 * languages agree on each of them, and where both say "good", on every field.
 *
 * <p>A mutant is one splice in the payload, the header or the finished token of a good vector;
 * header and payload are then signed by the key of the vectors, so that the mutant is judged by its
 * form and not by its signature. {@link #main} writes the file anew from its seed.
 */
class ReceiptFuzzTest {
  private static final String FILE = "/receipt-fuzz.json";
  private static final String SEED = "receipt-fuzz/1";
  private static final int MUTANTS = 2000;

  /** One changed receipt: {@code removed} bytes of {@code part} at {@code at} make way. */
  private record Mutant(String base, String part, int at, int removed, String inserted) {
    byte[] of(byte[] bytes) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(bytes, 0, at);
      out.writeBytes(Base64Url.decode(inserted));
      out.write(bytes, at + removed, bytes.length - at - removed);
      return out.toByteArray();
    }

    /** The smallest splice that makes {@code after} of {@code before}. */
    static Mutant between(String base, String part, byte[] before, byte[] after) {
      int shorter = Math.min(before.length, after.length);
      int at = Arrays.mismatch(before, 0, shorter, after, 0, shorter);
      at = at < 0 ? shorter : at;
      int tail = 0;
      while (tail < shorter - at
          && before[before.length - 1 - tail] == after[after.length - 1 - tail]) {
        tail++;
      }
      return new Mutant(
          base,
          part,
          at,
          before.length - at - tail,
          Base64Url.encode(Arrays.copyOfRange(after, at, after.length - tail)));
    }
  }

  private static final Device ADA = new Device("vectors/ada");

  @Test
  void thisReaderJudgesEveryMutantAsTheFileSays() throws IOException {
    Map<String, String> bases = bases();
    JsonNode file = resource(FILE);
    List<String> wrong = new ArrayList<>();
    for (JsonNode entry : file.get("mutants")) {
      Mutant mutant =
          new Mutant(
              entry.get(0).stringValue(),
              entry.get(1).stringValue(),
              entry.get(2).intValue(),
              entry.get(3).intValue(),
              entry.get(4).stringValue());
      String verdict = verdict(bases, mutant);
      if (!verdict.equals(entry.get(5).stringValue())) {
        wrong.add(entry + " but now " + verdict);
      }
    }
    assertThat(wrong).as("run main to write the file anew, if that is what was meant").isEmpty();
  }

  @Test
  void theFileIsWhatItsSeedGives() throws IOException {
    try (InputStream in = getClass().getResourceAsStream(FILE)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .as("run main to write the file anew")
          .isEqualTo(written());
    }
  }

  @Test
  void theMutantsTryBothSidesOfEveryVerdict() throws IOException {
    Map<String, Integer> verdicts = new LinkedHashMap<>();
    for (JsonNode entry : resource(FILE).get("mutants")) {
      verdicts.merge(entry.get(5).stringValue().replaceFirst(" .*", ""), 1, Integer::sum);
    }
    assertThat(verdicts.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(MUTANTS);
    assertThat(verdicts)
        .containsOnlyKeys("good", "malformed", "not-a-token", "bad-signature", "bad-key");
    assertThat(verdicts.get("good")).isGreaterThan(MUTANTS / 5);
    assertThat(verdicts.get("malformed")).isGreaterThan(MUTANTS / 5);
    assertThat(verdicts.values()).allMatch(count -> count > 5);
  }

  /** Writes the file; the argument is its path. */
  public static void main(String[] arguments) throws IOException {
    Files.writeString(Path.of(arguments[0]), written());
  }

  private static String written() throws IOException {
    Map<String, String> bases = bases();
    StringBuilder file = new StringBuilder();
    file.append("{\"about\":\"Receipts of receipt-vectors.json, changed by chance: base, part, ");
    file.append("place, bytes removed, bytes inserted (base64url), and the verdict that every ");
    file.append("reader must give; after good, a hash of all that was read. Header and payload ");
    file.append("are signed by the device of the vectors after the change.\",\n\"seed\":\"");
    file.append(SEED).append("\",\n\"mutants\":[");
    String comma = "\n";
    for (Mutant mutant : new Changing(bases).mutants()) {
      file.append(comma)
          .append(
              "[\"%s\",\"%s\",%d,%d,\"%s\",\"%s\"]"
                  .formatted(
                      mutant.base,
                      mutant.part,
                      mutant.at,
                      mutant.removed,
                      mutant.inserted,
                      verdict(bases, mutant)));
      comma = ",\n";
    }
    return file.append("\n]}\n").toString();
  }

  private static JsonNode resource(String name) throws IOException {
    try (InputStream in = ReceiptFuzzTest.class.getResourceAsStream(name)) {
      return JsonMapper.shared().readTree(in);
    }
  }

  /** The good vectors that the device of the file signed, by name. */
  private static Map<String, String> bases() throws IOException {
    Map<String, String> bases = new LinkedHashMap<>();
    for (JsonNode vector : resource("/receipt-vectors.json").get("vectors")) {
      String name = vector.get("name").stringValue();
      if (vector.get("parse").stringValue().equals("good") && !name.equals("another device")) {
        bases.put(name, vector.get("receipt").stringValue());
      }
    }
    return bases;
  }

  private static byte[] part(String jws, String part) {
    String[] parts = jws.split("\\.", -1);
    return switch (part) {
      case "header" -> Base64Url.decode(parts[0]);
      case "payload" -> Base64Url.decode(parts[1]);
      case "token" -> jws.getBytes(StandardCharsets.UTF_8);
      default -> throw new AssertionError(part);
    };
  }

  private static String verdict(Map<String, String> bases, Mutant mutant) {
    String base = bases.get(mutant.base);
    byte[] changed = mutant.of(part(base, mutant.part));
    String jws =
        switch (mutant.part) {
          case "header" -> ADA.signRaw(changed, part(base, "payload"));
          case "payload" -> ADA.signRaw(part(base, "header"), changed);
          default -> new String(changed, StandardCharsets.UTF_8);
        };
    return switch (Receipt.parse(jws)) {
      case Receipt.Parsed.Good(Receipt receipt) -> "good " + read(receipt);
      case Receipt.Parsed.Bad bad -> bad.reason().slug();
    };
  }

  /**
   * All that was read in a receipt, in the order of docs/protocol.md, each text after its length.
   */
  private static String read(Receipt receipt) {
    List<String> fields = new ArrayList<>();
    fields.add(receipt.person().value());
    fields.add(receipt.id());
    fields.add(receipt.origin());
    fields.add(receipt.meeting().value());
    fields.add(receipt.participant().value());
    fields.add(Receipt.format(receipt.issued()));
    fields.add(Integer.toString(receipt.notice().version()));
    fields.add(receipt.notice().locale());
    fields.add(receipt.notice().hash());
    fields.add(receipt.controller());
    fields.add(receipt.recipient().id().value());
    fields.add(receipt.recipient().key());
    fields.add(receipt.recipient().processor().host());
    fields.add(receipt.recipient().processor().model());
    fields.add(receipt.scope().kind().id());
    fields.add(receipt.scope() instanceof Scope.Room room ? room.id().value() : "");
    fields.add(receipt.scope().until().map(Receipt::format).orElse(""));
    for (Receipt.Answer answer : receipt.choices()) {
      fields.add(answer.purpose().id());
      fields.add(answer.medium().id());
      switch (answer) {
        case Receipt.Answer.Yes yes -> fields.addAll(List.of("given", yes.handle().value()));
        case Receipt.Answer.No _ -> fields.addAll(List.of("refused", ""));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String field : fields) {
      byte[] text = field.getBytes(StandardCharsets.UTF_8);
      out.writeBytes((text.length + ":").getBytes(StandardCharsets.UTF_8));
      out.writeBytes(text);
    }
    return Hash.sha256(out.toByteArray()).b64u().substring(0, 12);
  }

  /** Makes mutants. What it draws depends on the seed alone. */
  private static final class Changing {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern STRING = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern SIGN = Pattern.compile("[{}\\[\\]:,]");
    private static final Pattern VALUE = Pattern.compile(": ?(\"(?:[^\"\\\\]|\\\\.)*\"|-?\\d+)");
    private static final Pattern KEY = Pattern.compile("[{,](\"[A-Za-z]+\") ?:");
    private static final Pattern CODE = Pattern.compile("\"([A-Za-z0-9_-]{22,})\"");
    private static final Pattern TIME = Pattern.compile("\"(\\d{4}-\\d\\d-\\d\\dT[^\"]*)\"");
    private static final Pattern NUMBER = Pattern.compile("\"version\" ?: ?(\\d+)");

    private static final List<String> SPACES =
        List.of(
            " ", "\t", "\n", "\r", "  \r\n", "\f", "\u000b", "\u00a0", "\ufeff", "\u2028", "\0");
    private static final List<String> CHARACTERS =
        some(
            "a¦Z¦0¦-¦ ¦\u00e9¦\u0435¦\u200d¦\u202e¦\ud83d\ude00¦\uffff¦\u2028¦\ue000¦"
                + "\ufeff¦\u007f¦\u0080¦\u0085¦\u009f¦\u00a0¦\u00ad¦\n¦\t¦\0¦\u001f¦\\n¦\\t¦\\b¦"
                + "\\f¦\\r¦\\\"¦\\\\¦\\/¦\\u000a¦\\u000A¦\\u0000¦\\u001f¦\\u007f¦\\u0085¦\\u00e9¦"
                + "\\ud83d\\ude00¦\\uD83D\\uDE00¦\\ud83d¦\\ude00¦\\ude00\\ud83d¦\\uffff¦\\x41¦"
                + "\\u41¦\\u00g0¦\\U0041¦\\u{41}¦\\¦\"¦'¦\\0¦\\a");
    private static final List<String> NUMBERS =
        some(
            "0¦1¦2¦7¦10¦999999¦1000000¦1000001¦01¦00¦1.0¦1.5¦1e0¦1E0¦1e1¦1E+2¦-0¦-1¦+1¦0x1¦"
                + ".1¦1.¦1e¦1_0¦2147483648¦4294967297¦9007199254740993¦999999999999999¦"
                + "12345678901234567¦99999999999999999999¦1e400¦NaN¦Infinity¦true¦false¦null¦"
                + "\"1\"¦[1]¦[]¦{}¦1 ¦ 1¦1\n¦1a¦1/**/¦\u0661¦--1¦1-");
    private static final List<String> TIMES =
        some(
            "2026-03-01T24:00:00.000Z¦2026-03-01T23:59:60.000Z¦2024-02-29T10:00:00.000Z¦"
                + "2023-02-29T10:00:00.000Z¦1900-02-29T00:00:00.000Z¦2000-02-29T00:00:00.000Z¦"
                + "0000-01-01T00:00:00.000Z¦0001-01-01T00:00:00.000Z¦9999-12-31T23:59:59.999Z¦"
                + "1969-12-31T23:59:59.999Z¦2026-03-01t10:00:00.250Z¦2026-03-01T10:00:00.250z¦"
                + "2026-03-01 10:00:00.250Z¦2026-03-01T10:00:00.25Z¦2026-03-01T10:00:00.2500Z¦"
                + "2026-03-01T10:00:00,250Z¦2026-03-01T10:00:00.250+00:00¦2026-03-01T10:00.250Z¦"
                + "2026-13-01T10:00:00.250Z¦2026-00-01T10:00:00.250Z¦2026-04-31T10:00:00.250Z¦"
                + "2026-03-00T10:00:00.250Z¦2026-03-01T10:60:00.250Z¦2026-03-01T25:00:00.250Z¦"
                + "-001-03-01T10:00:00.250Z¦+002026-03-01T10:00:00.250Z¦20260301T100000.250Z¦"
                + "2026-W09-7T10:00:00.250Z¦2026-060T10:00:00.250Z¦2026-03-01T10:00:00.250Z ¦"
                + "Sun, 01 Mar 2026 10:00:00¦2100-02-28T00:00:00.000Z¦2026-03-01T10:00:00.251Z");

    private static List<String> some(String separated) {
      return List.of(separated.split("¦", -1));
    }

    private final Dice dice = new Dice(SEED);
    private final Map<String, String> bases;
    private final List<String> names;

    Changing(Map<String, String> bases) {
      this.bases = bases;
      this.names = List.copyOf(bases.keySet());
    }

    List<Mutant> mutants() {
      List<Mutant> mutants = new ArrayList<>(chosen());
      while (mutants.size() < MUTANTS) {
        String base = pick(names);
        int kind = below(100);
        String part = kind < 82 ? "payload" : kind < 93 ? "header" : "token";
        byte[] before = part(bases.get(base), part);
        byte[] after =
            switch (part) {
              case "payload" -> payload(before);
              case "header" -> header(before);
              default -> token(before);
            };
        if (!Arrays.equals(before, after) && after.length < before.length + 2000) {
          mutants.add(Mutant.between(base, part, before, after));
        }
      }
      return mutants;
    }

    /** Keys that chance would not find: coordinates that are no field elements, or no point. */
    private List<Mutant> chosen() {
      List<Mutant> mutants = new ArrayList<>();
      String base = names.getFirst();
      byte[] before = part(bases.get(base), "header");
      String x = ADA.key.getX().toString();
      String y = ADA.key.getY().toString();
      String header = utf8(before);
      for (byte[] coordinate : Points.odd()) {
        String other = Base64Url.encode(coordinate);
        for (String after :
            List.of(
                header.replace(x, other),
                header.replace(y, other),
                header.replace(x, other).replace(y, other))) {
          mutants.add(Mutant.between(base, "header", before, bytes(after)));
        }
      }
      for (List<byte[]> point : Points.spelledTwice()) {
        String after =
            header
                .replace(x, Base64Url.encode(point.getFirst()))
                .replace(y, Base64Url.encode(point.getLast()));
        mutants.add(Mutant.between(base, "header", before, bytes(after)));
      }
      return mutants;
    }

    private byte[] payload(byte[] before) {
      String text = utf8(before);
      return switch (below(20)) {
        case 0, 1, 2 -> raw(before);
        case 3, 4 -> bytes(spaced(text));
        case 5, 6, 7 -> bytes(insertedInText(text));
        case 8, 9 -> bytes(escaped(text));
        case 10 -> bytes(replaced(text, NUMBER, pick(NUMBERS)));
        case 11 -> bytes(replaced(text, TIME, time(text)));
        case 12 -> bytes(replaced(text, CODE, code(text)));
        case 13 -> bytes(keyTwice(text));
        case 14 -> bytes(lengthened(text));
        case 15 -> bytes(replaced(text, VALUE, value(text)));
        case 16 -> bytes(nested(text));
        default -> bytes(reshaped(text));
      };
    }

    private byte[] header(byte[] before) {
      String text = utf8(before);
      return switch (below(7)) {
        case 0 -> raw(before);
        case 1 -> bytes(spaced(text));
        case 2 -> bytes(insertedInText(text));
        case 3 -> bytes(escaped(text));
        case 4 -> bytes(replaced(text, CODE, code(text)));
        case 5 -> bytes(keyTwice(text));
        default -> bytes(reshaped(text));
      };
    }

    private byte[] token(byte[] before) {
      String text = utf8(before);
      int at = below(text.length() + 1);
      String strange =
          pick(List.of("A", "_", "-", ".", "=", "+", "/", " ", "\n", "\u00e9", "%41", "B"));
      return bytes(
          switch (below(4)) {
            case 0 -> text.substring(0, at) + strange + text.substring(at);
            case 1 ->
                text.substring(0, at) + text.substring(Math.min(text.length(), at + 1 + below(4)));
            case 2 -> text + strange;
            default ->
                text.substring(0, at) + strange + text.substring(Math.min(text.length(), at + 1));
          });
    }

    private byte[] raw(byte[] before) {
      int at = below(before.length);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      switch (below(5)) {
        case 0 -> {
          byte[] flipped = before.clone();
          flipped[at] ^= (byte) (1 << below(8));
          return flipped;
        }
        case 1 -> {
          out.write(before, 0, at);
          out.writeBytes(dice.bytes(1 + below(3)));
          out.write(before, at, before.length - at);
        }
        case 2 -> {
          int end = Math.min(before.length, at + 1 + below(4));
          out.write(before, 0, at);
          out.write(before, end, before.length - end);
        }
        case 3 -> {
          int end = Math.min(before.length, at + 1 + below(40));
          out.write(before, 0, end);
          out.write(before, at, before.length - at);
        }
        default -> out.write(before, 0, at);
      }
      return out.toByteArray();
    }

    private String spaced(String text) {
      int at = one(text, SIGN).start() + below(2);
      return text.substring(0, at) + pick(SPACES) + text.substring(at);
    }

    private String insertedInText(String text) {
      MatchResult string = one(text, STRING);
      int at = string.start(1) + below(string.group(1).length() + 1);
      return text.substring(0, at) + pick(CHARACTERS) + text.substring(at);
    }

    private String escaped(String text) {
      MatchResult string = one(text, STRING);
      if (string.group(1).isEmpty() || string.group(1).contains("\\")) {
        return text;
      }
      int at = string.start(1) + below(string.group(1).length());
      String escape = "\\u%04x".formatted((int) text.charAt(at));
      return text.substring(0, at)
          + (below(2) == 0 ? escape : escape.toUpperCase(java.util.Locale.ROOT).replace('U', 'u'))
          + text.substring(at + 1);
    }

    private String time(String text) {
      if (below(2) == 0) {
        return '"' + pick(TIMES) + '"';
      }
      StringBuilder time = new StringBuilder(one(text, TIME).group(1));
      time.setCharAt(below(time.length()), (char) ('0' + below(10)));
      return '"' + time.toString() + '"';
    }

    private String code(String text) {
      StringBuilder code = new StringBuilder(one(text, CODE).group(1));
      int last = code.length() - 1;
      String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      switch (below(5)) {
        case 0 -> code.setCharAt(last, alphabet.charAt(below(64)));
        case 1 -> code.setCharAt(below(last), alphabet.charAt(below(64)));
        case 2 -> code.append(pick(List.of("=", "A", "==", "\\n")));
        case 3 -> code.setCharAt(below(last), pick(List.of("+", "/", " ", ".")).charAt(0));
        default -> code.deleteCharAt(below(code.length()));
      }
      return '"' + code.toString() + '"';
    }

    private String value(String text) {
      return below(2) == 0
          ? one(text, VALUE).group(1)
          : pick(
              List.of(
                  "null",
                  "true",
                  "false",
                  "\"\"",
                  "[]",
                  "{}",
                  "0",
                  "\"x\"",
                  "\"given\"",
                  "\"refused\"",
                  "\"voice\"",
                  "\"chat\"",
                  "\"notes\"",
                  "\"recording\"",
                  "\"urn:aye:purpose:recording\"",
                  "\"meeting\"",
                  "\"a-1\"",
                  "\"A\"",
                  "\"-\"",
                  "\"nl\"",
                  "\"__proto__\"",
                  "{\"a\":1}"));
    }

    private String keyTwice(String text) {
      String key = one(text, KEY).group(1);
      String member = key + ":" + value(text);
      MatchResult place = one(text, Pattern.compile("[{,](?=\")"));
      return text.substring(0, place.end()) + member + "," + text.substring(place.end());
    }

    private String lengthened(String text) {
      String key =
          pick(List.of("controller", "origin", "host", "model", "locale", "meeting", "id"));
      int length = pick(List.of(31, 32, 33, 35, 36, 64, 65, 199, 200, 201, 255, 256));
      String filling = pick(List.of("x", "\ud83d\ude00", "\u00e9", "\\u0041"));
      int units = filling.equals("\ud83d\ude00") ? 2 : 1;
      String value = filling.repeat(length / units) + "y".repeat(length % units);
      return replaced(text, Pattern.compile("\"" + key + "\" ?: ?(\"[^\"]*\")"), '"' + value + '"');
    }

    private String nested(String text) {
      MatchResult value = one(text, VALUE);
      int depth = 1 + below(9);
      boolean lists = below(2) == 0;
      return text.substring(0, value.start(1))
          + (lists ? "[" : "{\"a\":").repeat(depth)
          + value.group(1)
          + (lists ? "]" : "}").repeat(depth)
          + text.substring(value.end(1));
    }

    /** Members moved, removed, renamed or added, and the whole written anew. */
    private String reshaped(String text) {
      ObjectNode root = (ObjectNode) JSON.readTree(text);
      List<ObjectNode> objects = new ArrayList<>(List.of(root));
      for (int i = 0; i < objects.size(); i++) {
        for (JsonNode child : objects.get(i)) {
          for (JsonNode inner : child instanceof ArrayNode list ? list : List.of(child)) {
            if (inner instanceof ObjectNode object) {
              objects.add(object);
            }
          }
        }
      }
      ObjectNode object = pick(objects);
      List<String> keys = new ArrayList<>(object.propertyNames());
      if (keys.isEmpty()) {
        return text;
      }
      String key = pick(keys);
      switch (below(5)) {
        case 0, 1 -> {
          Collections.rotate(keys, 1 + below(keys.size()));
          ObjectNode before = object.deepCopy();
          object.removeAll();
          keys.forEach(k -> object.set(k, before.get(k)));
        }
        case 2 -> object.remove(key);
        case 3 -> object.set(key + pick(List.of("x", "", "s", " ")), object.remove(key));
        default -> {
          if (root.get("choices") instanceof ArrayNode choices && below(3) > 0) {
            choices(choices);
          } else {
            object.set(
                pick(
                    List.of(
                        "extra", "handle", "until", "id", "__proto__", "constructor", "toString")),
                JSON.readTree(pick(List.of("1", "\"x\"", "{}", "\"2026-03-02T00:00:00.000Z\""))));
          }
        }
      }
      return JSON.writeValueAsString(root);
    }

    private void choices(ArrayNode choices) {
      Purpose purpose = pick(Purpose.all());
      Medium medium = pick(List.of(Medium.values()));
      ObjectNode row = choices.objectNode();
      row.put("purpose", purpose.id());
      row.put("purposeIri", purpose.iri());
      row.put("medium", medium.id());
      boolean given = below(2) == 0;
      row.put("state", given ? "given" : "refused");
      if (given) {
        row.put("handle", dice.b64u(32));
      }
      choices.add(row);
    }

    private String replaced(String text, Pattern pattern, String by) {
      List<MatchResult> found = pattern.matcher(text).results().toList();
      if (found.isEmpty()) {
        return text;
      }
      MatchResult one = pick(found);
      // The quotes around a value are in some patterns' group, and around it in others.
      boolean quoted =
          by.startsWith("\"") && one.start(1) > 0 && text.charAt(one.start(1) - 1) == '"';
      int start = quoted ? one.start(1) - 1 : one.start(1);
      int end = quoted ? one.end(1) + 1 : one.end(1);
      return text.substring(0, start) + by + text.substring(end);
    }

    private MatchResult one(String text, Pattern pattern) {
      return pick(pattern.matcher(text).results().toList());
    }

    private <T> T pick(List<T> from) {
      return from.get(below(from.size()));
    }

    private int below(int bound) {
      byte[] four = dice.bytes(4);
      return Integer.remainderUnsigned(java.nio.ByteBuffer.wrap(four).getInt(), bound);
    }

    private static String utf8(byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** Coordinates that a strict reader of P-256 keys must look at twice. */
  private static final class Points {
    private static final EllipticCurve CURVE = Curve.P_256.toECParameterSpec().getCurve();
    private static final BigInteger P = ((ECFieldFp) CURVE.getField()).getP();

    /** Numbers that are no coordinate of P-256, or of no point that anybody has the key of. */
    static List<byte[]> odd() {
      return List.of(
          spelled(BigInteger.ZERO),
          spelled(BigInteger.ONE),
          spelled(P.subtract(BigInteger.ONE)),
          spelled(P),
          spelled(P.add(BigInteger.ONE)),
          spelled(BigInteger.TWO.pow(256).subtract(BigInteger.ONE)));
    }

    /** Points with a small x: each as it is, and with the prime added to x, which is the same. */
    static List<List<byte[]>> spelledTwice() {
      List<List<byte[]>> found = new ArrayList<>();
      for (long small = 0; found.size() < 8; small++) {
        BigInteger x = BigInteger.valueOf(small);
        BigInteger square = x.pow(3).add(CURVE.getA().multiply(x)).add(CURVE.getB()).mod(P);
        BigInteger y = square.modPow(P.add(BigInteger.ONE).shiftRight(2), P);
        if (y.modPow(BigInteger.TWO, P).equals(square)) {
          found.add(List.of(spelled(x), spelled(y)));
          found.add(List.of(spelled(x.add(P)), spelled(y)));
        }
      }
      return found;
    }

    private static byte[] spelled(BigInteger number) {
      byte[] signed = number.toByteArray();
      byte[] bytes = new byte[32];
      int length = Math.min(32, signed.length);
      System.arraycopy(signed, signed.length - length, bytes, 32 - length, length);
      return bytes;
    }
  }
}
