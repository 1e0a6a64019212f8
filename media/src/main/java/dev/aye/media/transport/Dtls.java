package dev.aye.media.transport;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.Vector;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ClientCertificateType;
import org.bouncycastle.tls.ContentType;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSServerProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.DefaultTlsServer;
import org.bouncycastle.tls.ExporterLabel;
import org.bouncycastle.tls.HandshakeType;
import org.bouncycastle.tls.HashAlgorithm;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SignatureAlgorithm;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsContext;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsSRTPUtils;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.UseSRTPData;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;

/**
 * DTLS 1.2 with use_srtp (RFC 6347, RFC 5764) by Bouncy Castle, whose protocol blocks and reads the
 * wall clock. Both are kept inside:
 *
 * <ul>
 *   <li>The handshake runs on a virtual thread that sees the network as a queue. With a waker (real
 *       life) the owner goes on meanwhile and is woken, and Bouncy Castle resends by its own
 *       timers.
 *   <li>Without a waker (simulation) the owner waits until that thread waits for the network again,
 *       Bouncy Castle's timers are set too far away to fire, and lost flights are sent again here,
 *       on the owner's clock (records of epoch 0 under a new number, which nothing authenticates);
 *       a server that is done answers a late handshake record with its last flight. Same seed, same
 *       handshake.
 *   <li>After the handshake its records are opened on the owner's thread: a read that finds the
 *       queue empty throws {@link InterruptedIOException}, which Bouncy Castle passes on unharmed.
 * </ul>
 *
 * All methods are the owner's. The certificate of the other end is compared with the expected
 * fingerprint within the handshake; its chain, name and dates mean nothing here (RFC 8827).
 */
final class Dtls {
  sealed interface State {
    record Idle() implements State {}

    record Handshaking() implements State {}

    record Established(Srtp outgoing, Srtp incoming) implements State {}

    record Ended(Output.Reason reason) implements State {}
  }

  private static final int MOST_QUEUED = 64;
  private static final int MTU = 1200;
  private static final int NONCE_AND_TAG = 8 + 16;
  private static final long FIRST_RESEND = 500_000_000L;
  private static final long LAST_RESEND = 4_000_000_000L;

  private final Peer.Role role;
  private final DtlsIdentity identity;
  private final SecureRandom random;
  private final long timeoutNanos;
  private final Network network = new Network();
  private final ConcurrentLinkedQueue<byte[]> outgoing = new ConcurrentLinkedQueue<>();
  private final ArrayDeque<byte[]> data = new ArrayDeque<>();
  private final byte[] plain = new byte[1 << 14];
  private @Nullable Runnable wake;
  private @Nullable DTLSTransport transport;
  private State state = new State.Idle();
  private long deadline = Long.MAX_VALUE;
  private long resendAt = Long.MAX_VALUE;
  private long resendInterval = FIRST_RESEND;
  private int flightsSeen;
  private boolean verifySeen;

  Dtls(Peer.Role role, DtlsIdentity identity, SecureRandom random, long timeoutNanos) {
    this.role = role;
    this.identity = identity;
    this.random = random;
    this.timeoutNanos = timeoutNanos;
  }

  void wakeBy(Runnable runnable) {
    wake = runnable;
  }

  /** Begins the handshake; harmless when it has begun. */
  void start(Fingerprint expected, long now) {
    if (!(state instanceof State.Idle)) {
      return;
    }
    state = new State.Handshaking();
    deadline = now + timeoutNanos;
    var handshake = new Handshake(expected);
    Thread.ofVirtual().name("dtls-handshake").start(() -> network.run(handshake));
    step(now);
  }

  /** Takes a datagram whose first byte says DTLS. */
  void handle(byte[] datagram, long now) {
    if (hasRunt(datagram)) {
      return;
    }
    switch (state) {
      case State.Idle idle -> {}
      case State.Handshaking handshaking -> {
        network.offer(role == Peer.Role.SERVER ? inOrder(datagram) : datagram);
        step(now);
      }
      case State.Established established -> {
        if (wake == null && datagram.length > 4 && datagram[0] == 22 && datagram[4] == 0) {
          network.resend();
        }
        network.offer(datagram);
        readRecords();
      }
      case State.Ended ended -> {}
    }
  }

  /**
   * Whether an encrypted record is too short for its nonce and tag. Bouncy Castle ends the whole
   * association over one, which anybody can forge (RFC 6347 section 4.1.2.7 wants it dropped).
   */
  private static boolean hasRunt(byte[] datagram) {
    int at = 0;
    while (at + 13 <= datagram.length) {
      int length = Bytes.u16(datagram, at + 11);
      if (Bytes.u16(datagram, at + 3) != 0 && length < NONCE_AND_TAG) {
        return true;
      }
      at += 13 + length;
    }
    return false;
  }

  /**
   * The datagram up to a ChangeCipherSpec that overtook the client's CertificateVerify. Bouncy
   * Castle would take it and from then on refuse every retransmission in the clear, so that a
   * single loss would end the handshake; the client sends the whole flight again anyway.
   */
  private byte[] inOrder(byte[] datagram) {
    int at = 0;
    while (!verifySeen && at + 13 < datagram.length) {
      boolean plain = Bytes.u16(datagram, at + 3) == 0;
      if (plain && datagram[at] == ContentType.change_cipher_spec) {
        return Arrays.copyOf(datagram, at);
      }
      verifySeen =
          plain
              && datagram[at] == ContentType.handshake
              && datagram[at + 13] == HandshakeType.certificate_verify;
      at += 13 + Bytes.u16(datagram, at + 11);
    }
    return datagram;
  }

  void handleTimeout(long now) {
    if (!(state instanceof State.Handshaking)) {
      return;
    }
    step(now);
    if (!(state instanceof State.Handshaking)) {
      return;
    }
    if (now >= deadline) {
      network.abandon();
      end(Output.Reason.HANDSHAKE);
    } else if (wake == null && now >= resendAt) {
      resendInterval = Math.min(2 * resendInterval, LAST_RESEND);
      resendAt = now + resendInterval;
      network.resend();
    }
  }

  long nextTimeout() {
    return state instanceof State.Handshaking ? Math.min(deadline, resendAt) : Long.MAX_VALUE;
  }

  State state() {
    return state;
  }

  /** The next datagram to send; null for none. */
  byte @Nullable [] pollDatagram() {
    return outgoing.poll();
  }

  /** The next decrypted record; null for none. */
  byte @Nullable [] pollData() {
    return data.poll();
  }

  /** Sends one record. False if not established. */
  boolean send(byte[] record) {
    if (!(state instanceof State.Established) || transport == null) {
      return false;
    }
    try {
      transport.send(record, 0, record.length);
      return true;
    } catch (IOException e) {
      end(Output.Reason.REMOTE);
      return false;
    }
  }

  /** Says close_notify if it can, and ends. */
  void close() {
    if (transport != null && state instanceof State.Established) {
      try {
        transport.close();
      } catch (IOException e) {
        // Only the goodbye is lost; the other end's time-out does the rest.
      }
    }
    network.abandon();
    end(Output.Reason.LOCAL);
  }

  /** Looks at how far the handshake thread has got; without a waker, after it has got there. */
  private void step(long now) {
    if (wake == null) {
      network.awaitQuiet();
    }
    int flights = network.flights();
    if (flights != flightsSeen) {
      flightsSeen = flights;
      resendInterval = FIRST_RESEND;
      resendAt = now + resendInterval;
    }
    Result result = network.result();
    switch (result) {
      case null -> {}
      case Result.Done done -> {
        transport = done.transport;
        state = keyed(done.profile, done.material);
        readRecords();
      }
      case Result.Failed failed -> end(failed.reason);
    }
  }

  private State keyed(Srtp.Profile profile, byte[] material) {
    int key = Srtp.Profile.KEY;
    int salt = profile.salt;
    byte[] clientKey = Bytes.slice(material, 0, key);
    byte[] serverKey = Bytes.slice(material, key, 2 * key);
    byte[] clientSalt = Bytes.slice(material, 2 * key, 2 * key + salt);
    byte[] serverSalt = Bytes.slice(material, 2 * key + salt, 2 * key + 2 * salt);
    return role == Peer.Role.CLIENT
        ? new State.Established(
            Srtp.sender(profile, clientKey, clientSalt),
            Srtp.receiver(profile, serverKey, serverSalt))
        : new State.Established(
            Srtp.sender(profile, serverKey, serverSalt),
            Srtp.receiver(profile, clientKey, clientSalt));
  }

  private void readRecords() {
    DTLSTransport from = transport;
    if (from == null) {
      return;
    }
    try {
      while (data.size() < MOST_QUEUED) {
        int length = from.receive(plain, 0, plain.length, 1);
        if (length > 0) {
          data.add(Arrays.copyOf(plain, length));
        }
      }
    } catch (InterruptedIOException e) {
      // The queue is empty.
    } catch (IOException | RuntimeException e) {
      end(Output.Reason.REMOTE);
      return;
    }
    if (network.isClosed()) {
      end(Output.Reason.REMOTE);
    }
  }

  private void end(Output.Reason reason) {
    if (!(state instanceof State.Ended)) {
      state = new State.Ended(reason);
    }
  }

  private sealed interface Result {
    @SuppressWarnings("ArrayRecordComponent")
    record Done(DTLSTransport transport, Srtp.Profile profile, byte[] material) implements Result {}

    record Failed(Output.Reason reason) implements Result {}
  }

  /** The network as the handshake sees it, and the meeting place of its thread and the owner's. */
  private final class Network implements DatagramTransport {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<byte[]> inbox = new ArrayDeque<>();
    private final ArrayDeque<byte[]> flight = new ArrayDeque<>();
    private final InterruptedIOException empty = new Empty();
    private boolean blocking = true;
    private boolean quiet;
    private boolean received;
    private boolean abandoned;
    private boolean closed;
    private int flights = 1;
    private int plainRecords;
    private @Nullable Result result;

    void run(Handshake handshake) {
      Result end;
      try {
        end = handshake.run(this);
      } catch (IOException | RuntimeException e) {
        end =
            new Result.Failed(
                handshake.wrongFingerprint ? Output.Reason.FINGERPRINT : Output.Reason.HANDSHAKE);
      }
      lock.lock();
      try {
        blocking = false;
        quiet = true;
        result = end;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      wakeOwner();
    }

    void offer(byte[] datagram) {
      lock.lock();
      try {
        if (inbox.size() < MOST_QUEUED) {
          inbox.add(datagram);
          quiet = quiet && !blocking;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Sends the last flight again: encrypted records as they were, plain ones as new records. */
    void resend() {
      lock.lock();
      try {
        flight.forEach(datagram -> outgoing.add(stamped(datagram)));
      } finally {
        lock.unlock();
      }
    }

    void abandon() {
      lock.lock();
      try {
        abandoned = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    void awaitQuiet() {
      lock.lock();
      try {
        while (!quiet) {
          changed.awaitUninterruptibly();
        }
      } finally {
        lock.unlock();
      }
    }

    @Nullable Result result() {
      lock.lock();
      try {
        return result;
      } finally {
        lock.unlock();
      }
    }

    int flights() {
      lock.lock();
      try {
        return flights;
      } finally {
        lock.unlock();
      }
    }

    boolean isClosed() {
      lock.lock();
      try {
        return closed;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public int getReceiveLimit() {
      return RtpPacket.MAX_SIZE;
    }

    @Override
    public int getSendLimit() {
      return MTU;
    }

    @Override
    public int receive(byte[] buffer, int offset, int length, int waitMillis) throws IOException {
      lock.lock();
      try {
        if (blocking && inbox.isEmpty() && !abandoned) {
          quiet = true;
          changed.signalAll();
          wakeOwner();
          awaitDatagram(waitMillis);
        }
        if (abandoned) {
          throw empty;
        }
        byte[] datagram = inbox.poll();
        if (datagram == null) {
          if (blocking) {
            return -1;
          }
          throw empty;
        }
        received = true;
        if (datagram.length > length) {
          return -1;
        }
        System.arraycopy(datagram, 0, buffer, offset, datagram.length);
        return datagram.length;
      } finally {
        lock.unlock();
      }
    }

    private void awaitDatagram(int waitMillis) throws InterruptedIOException {
      long left = wake == null ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(waitMillis);
      try {
        while (inbox.isEmpty() && !abandoned && left > 0) {
          left = changed.awaitNanos(left);
        }
      } catch (InterruptedException e) {
        throw empty; // Nobody interrupts this thread; if somebody does, the handshake is over.
      }
    }

    @Override
    public void send(byte[] buffer, int offset, int length) {
      byte[] datagram = Bytes.slice(buffer, offset, offset + length);
      lock.lock();
      try {
        outgoing.add(stamped(datagram));
        if (received && blocking) {
          received = false;
          flight.clear();
          flights++;
        }
        if (blocking && flight.size() < MOST_QUEUED) {
          flight.add(datagram);
        }
      } finally {
        lock.unlock();
      }
    }

    /** Without a waker: the datagram with a fresh record number if it is one plain record. */
    private byte[] stamped(byte[] datagram) {
      if (wake != null || datagram.length < 13 || Bytes.u16(datagram, 3) != 0) {
        return datagram;
      }
      byte[] copy = datagram.clone();
      Bytes.put32(copy, 7, plainRecords++);
      return copy;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        closed = true;
      } finally {
        lock.unlock();
      }
    }

    private void wakeOwner() {
      Runnable runnable = wake;
      if (runnable != null) {
        runnable.run();
      }
    }
  }

  /**
   * Says that nothing is there to be read; without a stack trace, for it is thrown per datagram.
   */
  private static final class Empty extends InterruptedIOException {
    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  /** What both ends of the handshake have in common. */
  private final class Handshake {
    private final BcTlsCrypto crypto = new BcTlsCrypto(random);
    private final Fingerprint expected;
    private Srtp.@Nullable Profile profile;
    private byte @Nullable [] material;
    private boolean verified;
    boolean wrongFingerprint;

    Handshake(Fingerprint expected) {
      this.expected = expected;
    }

    Result run(DatagramTransport over) throws IOException {
      DTLSTransport established =
          role == Peer.Role.CLIENT
              ? new DTLSClientProtocol().connect(new Client(this), over)
              : new DTLSServerProtocol().accept(new Server(this), over);
      if (profile == null || material == null || !verified) {
        throw new TlsFatalAlert(AlertDescription.handshake_failure);
      }
      return new Result.Done(established, profile, material);
    }

    int resendMillis() {
      return wake == null ? 3_600_000 : 400;
    }

    void check(@Nullable Certificate chain) throws IOException {
      if (chain == null || chain.isEmpty()) {
        throw new TlsFatalAlert(AlertDescription.bad_certificate);
      }
      Fingerprint actual = Fingerprint.of(chain.getCertificateAt(0).getEncoded());
      if (!actual.equals(expected)) {
        wrongFingerprint = true;
        throw new TlsFatalAlert(AlertDescription.bad_certificate);
      }
      verified = true;
    }

    void export(TlsContext context) {
      Srtp.Profile chosen = profile;
      if (chosen != null) {
        material =
            context.exportKeyingMaterial(
                ExporterLabel.dtls_srtp, null, 2 * (Srtp.Profile.KEY + chosen.salt));
      }
    }

    TlsCredentialedSigner signer(TlsContext context) throws IOException {
      TlsCertificate certificate = crypto.createCertificate(identity.certificate());
      return new BcDefaultTlsCredentialedSigner(
          new TlsCryptoParameters(context),
          crypto,
          identity.key(),
          new Certificate(new TlsCertificate[] {certificate}),
          new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
    }

    void choose(@Nullable UseSRTPData offered) throws IOException {
      if (offered != null) {
        for (Srtp.Profile ours : Srtp.Profile.values()) {
          for (int theirs : offered.getProtectionProfiles()) {
            if (profile == null && ours.id == theirs) {
              profile = ours;
            }
          }
        }
      }
      if (profile == null) {
        throw new TlsFatalAlert(AlertDescription.handshake_failure);
      }
    }
  }

  /** Every browser has this one; {@link #NONCE_AND_TAG} is its overhead. */
  private static final int[] SUITES = {CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};

  private static final class Server extends DefaultTlsServer {
    private final Handshake handshake;

    Server(Handshake handshake) {
      super(handshake.crypto);
      this.handshake = handshake;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
      return ProtocolVersion.DTLSv12.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
      return SUITES.clone();
    }

    @Override
    public int getHandshakeResendTimeMillis() {
      return handshake.resendMillis();
    }

    @Override
    protected TlsCredentialedSigner getECDSASignerCredentials() throws IOException {
      return handshake.signer(context);
    }

    @Override
    @SuppressWarnings("JdkObsolete") // the type that Bouncy Castle takes
    public CertificateRequest getCertificateRequest() {
      var algorithms = new Vector<SignatureAndHashAlgorithm>();
      algorithms.add(new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
      algorithms.add(new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.rsa));
      return new CertificateRequest(
          new short[] {ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign},
          algorithms,
          null);
    }

    @Override
    public void notifyClientCertificate(@Nullable Certificate chain) throws IOException {
      handshake.check(chain);
    }

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public void processClientExtensions(Hashtable extensions) throws IOException {
      super.processClientExtensions(extensions);
      handshake.choose(TlsSRTPUtils.getUseSRTPExtension(extensions));
    }

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public Hashtable getServerExtensions() throws IOException {
      Hashtable extensions = super.getServerExtensions();
      if (extensions == null) {
        extensions = new Hashtable();
      }
      Srtp.Profile profile = handshake.profile;
      if (profile != null) {
        TlsSRTPUtils.addUseSRTPExtension(
            extensions, new UseSRTPData(new int[] {profile.id}, new byte[0]));
      }
      return extensions;
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
      super.notifyHandshakeComplete();
      handshake.export(context);
    }
  }

  private static final class Client extends DefaultTlsClient {
    private final Handshake handshake;

    Client(Handshake handshake) {
      super(handshake.crypto);
      this.handshake = handshake;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
      return ProtocolVersion.DTLSv12.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
      return SUITES.clone();
    }

    @Override
    public int getHandshakeResendTimeMillis() {
      return handshake.resendMillis();
    }

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public Hashtable getClientExtensions() throws IOException {
      Hashtable extensions = super.getClientExtensions();
      if (extensions == null) {
        extensions = new Hashtable();
      }
      int[] profiles = Arrays.stream(Srtp.Profile.values()).mapToInt(p -> p.id).toArray();
      TlsSRTPUtils.addUseSRTPExtension(extensions, new UseSRTPData(profiles, new byte[0]));
      return extensions;
    }

    @Override
    @SuppressWarnings("rawtypes")
    public void processServerExtensions(Hashtable extensions) throws IOException {
      super.processServerExtensions(extensions);
      handshake.choose(TlsSRTPUtils.getUseSRTPExtension(extensions));
    }

    @Override
    public TlsAuthentication getAuthentication() {
      return new TlsAuthentication() {
        @Override
        public void notifyServerCertificate(TlsServerCertificate certificate) throws IOException {
          handshake.check(certificate.getCertificate());
        }

        @Override
        public TlsCredentials getClientCredentials(CertificateRequest request) throws IOException {
          return handshake.signer(context);
        }
      };
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
      super.notifyHandshakeComplete();
      handshake.export(context);
    }
  }
}
