package dev.aye.app;

import dev.aye.vault.Unsealed;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Prints all that a stopped server's data folder holds, decrypted: for the browser tests, which
 * search it for what must not be there. Argument: the data folder.
 */
final class EverythingHeld {
  private EverythingHeld() {}

  public static void main(String[] arguments) throws Exception {
    AyeConfig config = AyeConfig.read(Map.of("data", arguments[0]), Map.of());
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (FileChannel lock = Archive.lock(config.data());
        Archive archive = new Archive(config)) {
      int[] parts = {0};
      read(
          archive,
          (kind, bytes) -> {
            parts[0]++;
            out.println(kind + " " + new String(bytes, StandardCharsets.UTF_8));
          });
      out.println("end " + parts[0]);
      out.flush();
      lock.force(false);
    }
  }

  /**
   * Shows every block, every artefact and every cell of the database, opened where it is sealed.
   */
  static void read(Archive archive, BiConsumer<String, byte[]> reader) {
    Unsealed.all(archive.vault(), content -> reader.accept("block", content.bytes()));
    for (String kind : List.of("members", "parameters", "manifest", "lineage")) {
      archive
          .vault()
          .artefacts(kind)
          .forEach(id -> archive.vault().artefact(id).ifPresent(b -> reader.accept(kind, b)));
    }
    List<String> tables =
        archive
            .database()
            .sql()
            .sql("SELECT name FROM sqlite_master WHERE type = 'table'")
            .query(String.class)
            .list();
    for (String table : tables) {
      for (Map<String, Object> row :
          archive.database().sql().sql("SELECT * FROM " + table).query().listOfRows()) {
        row.forEach((column, cell) -> {
          if (column.equals("sealed")) {
            reader.accept(table, archive.box().open(place(table, row), (byte[]) cell));
          } else if (cell instanceof byte[] bytes) {
            reader.accept(table, bytes);
          } else if (cell != null) {
            reader.accept(table, cell.toString().getBytes(StandardCharsets.UTF_8));
          }
        });
      }
    }
  }

  /** What a row's box is bound to; a sealed column that is not known here fails the test. */
  private static String place(String table, Map<String, Object> row) {
    return switch (table) {
      case "meetings" -> "meeting " + row.get("id");
      case "seats" -> "seat " + row.get("participant");
      case "consent_events" -> "consent event " + row.get("sequence");
      default -> throw new IllegalStateException(table + " has a sealed column nobody searches");
    };
  }
}
