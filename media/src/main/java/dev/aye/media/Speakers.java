package dev.aye.media;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who is speaking, by the audio-level header extension (RFC 6464), which end-to-end encryption
 * leaves readable. Somebody speaks while at least a quarter of a window's packets are louder than
 * -40 dBov, and for one window more. Pure.
 */
final class Speakers {
  static final long WINDOW_NANOS = 400_000_000L;
  private static final int THRESHOLD = 40;
  private static final int PACKETS_PER_WINDOW = 20;

  /** Somebody's state changed, or their level did while they speak. */
  record Change(String sid, boolean active, double level, boolean turned) {}

  private static final class Voice {
    private int loud;
    private int loudest = 127;
    private boolean active;
    private boolean lingering;
    private double level;
  }

  private final Map<String, Voice> voices = new HashMap<>();

  /** A packet with this level (0 loudest … 127 silent). */
  void heard(String sid, int level) {
    Voice voice = voices.computeIfAbsent(sid, s -> new Voice());
    if (level <= THRESHOLD) {
      voice.loud++;
    }
    voice.loudest = Math.min(voice.loudest, level);
  }

  void forget(String sid) {
    voices.remove(sid);
  }

  /** Ends a window. */
  List<Change> window() {
    List<Change> out = new ArrayList<>();
    voices.forEach((sid, v) -> {
      boolean loud = v.loud * 4 >= PACKETS_PER_WINDOW;
      boolean active = loud || (v.active && !v.lingering);
      v.lingering = !loud;
      double level = active ? Math.pow(10, -v.loudest / 20.0) : 0;
      boolean turned = active != v.active;
      if (turned || (active && Math.abs(level - v.level) > 0.05)) {
        out.add(new Change(sid, active, level, turned));
        v.level = level;
      }
      v.active = active;
      v.loud = 0;
      v.loudest = 127;
    });
    return out;
  }
}
