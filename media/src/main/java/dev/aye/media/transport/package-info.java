/**
 * One WebRTC transport, without sockets, threads or clocks of its own: ICE, DTLS-SRTP, RTP and RTCP
 * and data channels behind {@link dev.aye.media.transport.Peer}; {@link
 * dev.aye.media.transport.UdpPort} is its only socket.
 */
@org.jspecify.annotations.NullMarked
package dev.aye.media.transport;
