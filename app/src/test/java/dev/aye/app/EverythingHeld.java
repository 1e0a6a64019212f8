package dev.aye.app;

import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
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
      int[] parts = {0};
      archive.readEverything((kind, bytes) -> {
        parts[0]++;
        out.println(kind + " " + new String(bytes, StandardCharsets.UTF_8));
      });
      out.println("end " + parts[0]);
      out.flush();
      lock.force(false);
    }
  }
}
