package dev.aye.companion;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.logging.LogManager;

/**
 * The speech process: one engine, one speech at a time, {@link Wire} on standard input and output.
 *
 * <p>It opens no file but its models, writes none, prints nothing, and ends when its input does.
 */
final class SpeechChild {
  private SpeechChild() {}

  public static void main(String[] arguments) throws IOException {
    var wire =
        new Wire(new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out));
    // Libraries print and log: that could be content, and would break the messages.
    var nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    System.setOut(nowhere);
    System.setErr(nowhere);
    LogManager.getLogManager().reset();

    Decoder decoder =
        switch (Engine.valueOf(arguments[0])) {
          case SPHINX4, AUTO -> new Sphinx4();
          case POCKETSPHINX -> new PocketSphinx();
        };
    wire.send(Wire.Type.READY, decoder.name());
    try {
      while (true) {
        serve(wire, decoder);
      }
    } catch (java.io.EOFException end) {
      Runtime.getRuntime().halt(0);
    }
  }

  private static void serve(Wire wire, Decoder decoder) throws IOException {
    if (wire.receive().type() != Wire.Type.BEGIN) {
      throw new IOException("expected a beginning");
    }
    var audio = new Audio(wire);
    List<Hypothesis> hypotheses;
    try {
      hypotheses = decoder.decode(audio, text -> tell(wire, text));
    } catch (RuntimeException e) {
      audio.drain();
      wire.send(Wire.Type.FAILED, e.getClass().getSimpleName());
      return;
    }
    audio.drain();
    wire.send(
        Wire.Type.HEARD,
        Wire.encode(audio.discarded ? List.of(new Hypothesis("", 0)) : hypotheses));
  }

  private static void tell(Wire wire, String text) {
    try {
      wire.send(Wire.Type.PARTIAL, text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the server is gone", e);
    }
  }

  /** The audio messages of one speech, as the decoder pulls them. */
  private static final class Audio implements Decoder.Samples {
    private final Wire wire;
    private boolean ended;
    private boolean discarded;
    private final SplittableRandom hiss = new SplittableRandom(1);

    Audio(Wire wire) {
      this.wire = wire;
    }

    @Override
    public short[] next() throws IOException {
      while (!ended) {
        Wire.Message message = wire.receive();
        switch (message.type()) {
          case AUDIO -> {
            short[] samples = new short[message.body().length / 2];
            ByteBuffer.wrap(message.body())
                .order(ByteOrder.LITTLE_ENDIAN)
                .asShortBuffer()
                .get(samples);
            if (samples.length > 0) {
              dither(samples);
              return samples;
            }
          }
          case END -> ended = true;
          case DISCARD -> {
            ended = true;
            discarded = true;
          }
          case BEGIN, READY, PARTIAL, HEARD, FAILED ->
              throw new IOException("unexpected message within a speech");
        }
      }
      return new short[0];
    }

    /**
     * Adds a hiss of at most two steps: in digital silence, which is what noise suppression leaves,
     * the engines find no end of a sentence and then offer no other readings. The same hiss for
     * every speech, so that equal sound is equal text.
     */
    private void dither(short[] samples) {
      for (int i = 0; i < samples.length; i++) {
        int noise = hiss.nextInt(5) - 2;
        samples[i] = (short) Math.clamp(samples[i] + noise, Short.MIN_VALUE, Short.MAX_VALUE);
      }
    }

    /** Reads on to the end, for a decoder that stopped early. */
    void drain() throws IOException {
      while (next().length > 0) {}
    }
  }
}
