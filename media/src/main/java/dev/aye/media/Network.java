package dev.aye.media;

import dev.aye.media.transport.Output;
import dev.aye.media.transport.Peer;
import dev.aye.media.transport.UdpPort;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/** What carries the datagrams of connections: a UDP port, or a simulated network in tests. */
interface Network {
  /** A connection on the network. */
  interface Link {
    /** Sends what the connection has to send; called after each direct call to it. */
    void flush();
  }

  /** Drives a connection on the owner's thread, and tells its events there. */
  Link attach(Peer peer, ScheduledExecutorService owner, Consumer<Output.Event> events);

  static Network of(UdpPort port) {
    return (peer, owner, events) -> port.attach(peer, owner, events)::flush;
  }
}
