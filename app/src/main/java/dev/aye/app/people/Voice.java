package dev.aye.app.people;

import io.github.jaredmdobson.concentus.OpusApplication;
import io.github.jaredmdobson.concentus.OpusEncoder;
import io.github.jaredmdobson.concentus.OpusException;
import io.github.jaredmdobson.concentus.OpusSignal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a simulated person says: a recording as Opus packets of 20 ms each. */
final class Voice {
  static final int FRAME_MILLIS = 20;

  /** Ticks of the RTP clock (48 kHz) in one packet. */
  static final int FRAME_TICKS = 960;

  private static final int RATE = 16_000;
  private static final int FRAME = RATE * FRAME_MILLIS / 1000;

  /**
   * One packet.
   *
   * @param level 0 loudest … 127 silent, -dBov
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
  record Packet(byte[] opus, int level) {}

  private final List<Packet> packets;

  private Voice(List<Packet> packets) {
    this.packets = packets;
  }

  List<Packet> packets() {
    return packets;
  }

  double seconds() {
    return packets.size() * FRAME_MILLIS / 1000.0;
  }

  /** Encodes a WAV file: 16 kHz, mono, 16 bit. */
  static Voice of(Path wav) throws IOException {
    return encode(samples(Files.readAllBytes(wav), wav));
  }

  /** The beginning of it. */
  Voice first(int seconds) {
    return new Voice(packets.subList(0, Math.min(packets.size(), seconds * 1000 / FRAME_MILLIS)));
  }

  /** Encodes a stretch of silence. */
  static Voice silence(int millis) {
    return encode(new short[RATE * millis / 1000]);
  }

  private static Voice encode(short[] samples) {
    try {
      OpusEncoder encoder = new OpusEncoder(RATE, 1, OpusApplication.OPUS_APPLICATION_VOIP);
      encoder.setBitrate(32_000);
      encoder.setSignalType(OpusSignal.OPUS_SIGNAL_VOICE);
      encoder.setComplexity(5);
      List<Packet> packets = new ArrayList<>();
      byte[] out = new byte[1275];
      for (int at = 0; at < samples.length; at += FRAME) {
        short[] frame = Arrays.copyOfRange(samples, at, at + FRAME);
        int length = encoder.encode(frame, 0, FRAME, out, 0, out.length);
        packets.add(new Packet(Arrays.copyOf(out, length), level(frame)));
      }
      return new Voice(List.copyOf(packets));
    } catch (OpusException e) {
      throw new IllegalStateException("the Opus encoder refused its own settings", e);
    }
  }

  private static int level(short[] frame) {
    double sum = 0;
    for (short sample : frame) {
      sum += (double) sample * sample;
    }
    double rms = Math.sqrt(sum / frame.length) / 32768;
    return rms <= 0 ? 127 : (int) Math.clamp(-20 * Math.log10(rms), 0, 127);
  }

  private static short[] samples(byte[] wav, Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
    if (wav.length < 44 || in.getInt(0) != 0x46464952 || in.getInt(8) != 0x45564157) {
      throw new IOException(file + " is no WAV file");
    }
    int at = 12;
    boolean right = false;
    while (at + 8 <= wav.length) {
      int id = in.getInt(at);
      int length = in.getInt(at + 4);
      if (length < 0 || length > wav.length - at - 8) {
        throw new IOException(file + " is cut short");
      }
      if (id == 0x20746d66) {
        right =
            in.getShort(at + 8) == 1
                && in.getShort(at + 10) == 1
                && in.getInt(at + 12) == RATE
                && in.getShort(at + 22) == 16;
      } else if (id == 0x61746164) {
        if (!right) {
          throw new IOException(file + " is not 16 kHz mono of 16 bits");
        }
        short[] samples = new short[length / 2];
        in.position(at + 8);
        in.asShortBuffer().get(samples);
        return samples;
      }
      at += 8 + length + (length & 1);
    }
    throw new IOException(file + " holds no sound");
  }
}
