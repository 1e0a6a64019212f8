package dev.aye.app;

import dev.aye.consent.Event;
import dev.aye.consent.PersonId;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

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
      for (Event event : new ConsentFacts(archive.database(), archive.box()).load()) {
        out.println("event " + event.encode());
      }
      List<String> people =
          archive
              .database()
              .sql()
              .sql("SELECT DISTINCT person FROM seats")
              .query(String.class)
              .list();
      for (String person : people) {
        archive
            .vault()
            .own(new PersonId(person))
            .forEach(content ->
                out.println("block " + new String(content.bytes(), StandardCharsets.UTF_8)));
      }
      for (String kind : List.of("members", "parameters", "manifest", "lineage")) {
        archive
            .vault()
            .artefacts(kind)
            .forEach(id ->
                archive
                    .vault()
                    .artefact(id)
                    .ifPresent(bytes ->
                        out.println(kind + " " + new String(bytes, StandardCharsets.UTF_8))));
      }
      out.println("end " + people.size());
      out.flush();
      lock.force(false);
    }
  }
}
