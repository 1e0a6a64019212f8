package dev.aye.app;

import dev.aye.consent.ParticipantId;
import dev.aye.media.TapSink;
import dev.aye.media.VoiceFrame;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A server that writes down all that any ear got, and of whom: {@code PORT UDP-PORT DATA FILE}. One
 * line each: {@code voice PARTICIPANT SAMPLES} or {@code chat PARTICIPANT MESSAGE}. Every other
 * sink stands behind an ear.
 */
final class WhatReachedTheEars {
  private WhatReachedTheEars() {}

  public static void main(String[] arguments) throws InterruptedException, IOException {
    Main.quietLibraries();
    PrintStream record =
        new PrintStream(Files.newOutputStream(Path.of(arguments[3])), true, StandardCharsets.UTF_8);
    Map<String, String> flags =
        Map.of("port", arguments[0], "udp-port", arguments[1], "data", arguments[2]);
    Server.start(
        AyeConfig.read(flags, System.getenv()),
        (participant, ear) -> recorded(record, participant, ear));
    new CountDownLatch(1).await();
  }

  private static TapSink recorded(PrintStream record, ParticipantId participant, TapSink ear) {
    return new TapSink() {
      @Override
      public void voice(VoiceFrame frame) {
        write("voice", Integer.toString(frame.opus().length));
        ear.voice(frame);
      }

      @Override
      public void chat(byte[] message, long arrivalMillis) {
        write("chat", new String(message, StandardCharsets.UTF_8).replace('\n', ' '));
        ear.chat(message, arrivalMillis);
      }

      @Override
      public void closed() {
        ear.closed();
      }

      private void write(String what, String content) {
        record.println(what + " " + participant.value() + " " + content);
        if (record.checkError()) {
          throw new UncheckedIOException(new IOException("the record cannot be written"));
        }
      }
    };
  }
}
