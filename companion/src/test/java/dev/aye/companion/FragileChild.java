package dev.aye.companion;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A speech process that counts its lives in a file and breaks in one of several ways until it has
 * lived often enough.
 *
 * <p>Arguments: the file, how many lives break, and how: {@code dies}, {@code hangs}, {@code
 * babbles}.
 */
final class FragileChild {
  private FragileChild() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path lives = Path.of(arguments[0]);
    int life = Files.exists(lives) ? Integer.parseInt(Files.readString(lives)) + 1 : 1;
    Files.writeString(lives, Integer.toString(life));
    boolean breaks = life <= Integer.parseInt(arguments[1]);

    var out = new FileOutputStream(FileDescriptor.out);
    var wire = new Wire(new FileInputStream(FileDescriptor.in), out);
    wire.send(Wire.Type.READY, "fragile");
    int samples = 0;
    while (true) {
      Wire.Message message = wire.receive();
      switch (message.type()) {
        case AUDIO -> {
          samples += message.body().length / 2;
          if (breaks && samples > Speech.RATE) {
            switch (arguments[2]) {
              case "dies" -> Runtime.getRuntime().halt(139);
              case "hangs" -> Thread.sleep(600_000);
              default -> {
                out.write(new byte[] {0x7f, 0x7f, 0x7f, 0x7f, 0, 0});
                out.flush();
              }
            }
          }
        }
        case END -> {
          wire.send(
              Wire.Type.HEARD,
              Wire.encode(List.of(new Hypothesis(samples + " samples in life " + life, 0))));
          samples = 0;
        }
        case DISCARD -> {
          wire.send(Wire.Type.HEARD, Wire.encode(List.of(new Hypothesis("", 0))));
          samples = 0;
        }
        default -> {}
      }
    }
  }
}
