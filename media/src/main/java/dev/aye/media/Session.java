package dev.aye.media;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import livekit.LivekitModels.DisconnectReason;
import livekit.LivekitRtc.LeaveRequest;
import livekit.LivekitRtc.SignalRequest;
import livekit.LivekitRtc.SignalResponse;
import org.jspecify.annotations.Nullable;

/**
 * A signalling connection and, once admitted, the member it speaks for. Frames are taken on any
 * thread and handled on the room's.
 */
final class Session implements SignalSession {
  private static final int MAX_WAITING = 256;

  private final Context context;
  private final Optional<Room> room;
  private final SignalSink sink;
  private final Rate rate;
  private @Nullable Member member;
  private boolean ended;
  private final AtomicInteger waiting = new AtomicInteger();

  Session(Context context, Optional<Room> room, SignalSink sink) {
    this.context = context;
    this.room = room;
    this.sink = sink;
    this.rate = new Rate(Limits.SIGNAL_BURST, Limits.SIGNAL_RATE, context.nanos().getAsLong());
  }

  @Override
  public void receive(byte[] frame) {
    if (room.isEmpty() || frame.length > Limits.SIGNAL) {
      sink.close();
      return;
    }
    SignalRequest request;
    try {
      request = SignalRequest.parseFrom(frame);
    } catch (InvalidProtocolBufferException malformed) {
      sink.close();
      return;
    }
    Room in = room.get();
    if (waiting.incrementAndGet() > MAX_WAITING) {
      sink.close();
      return;
    }
    in.post(() -> {
      waiting.decrementAndGet();
      handle(in, request);
    });
  }

  @Override
  public void closed() {
    room.ifPresent(in ->
        in.post(() -> {
          ended = true;
          if (member != null) {
            member.lost(this);
            in.flush();
          }
        }));
  }

  /** Room thread from here on. */
  private void handle(Room in, SignalRequest request) {
    if (ended || member == null) {
      return;
    }
    if (!rate.allow(context.nanos().getAsLong())) {
      leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.JOIN_FAILURE);
      return;
    }
    member.handle(this, request);
    in.flush();
  }

  void speaksFor(Member someone) {
    member = someone;
  }

  void send(SignalResponse response) {
    if (!ended) {
      sink.send(response.toByteArray());
    }
  }

  /** Says goodbye and closes the socket. */
  void leave(LeaveRequest.Action action, DisconnectReason reason) {
    send(
        SignalResponse.newBuilder()
            .setLeave(
                LeaveRequest.newBuilder()
                    .setAction(action)
                    .setReason(reason)
                    .setCanReconnect(action != LeaveRequest.Action.DISCONNECT))
            .build());
    end();
  }

  void end() {
    if (!ended) {
      ended = true;
      sink.close();
    }
  }
}
