package dev.aye.media.transport;

import java.io.IOException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.cert.bc.BcX509v3CertificateBuilder;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.generators.ECKeyPairGenerator;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.ECKeyGenerationParameters;
import org.bouncycastle.crypto.params.ECNamedDomainParameters;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.bc.BcECContentSignerBuilder;

/**
 * A self-signed ECDSA P-256 certificate with its key, by which one end of DTLS is known (RFC 8827
 * section 6.5). Valid from a day before to thirty days after it was made; it names nobody. May be
 * shared by all peers of a process.
 */
public final class DtlsIdentity {
  private final byte[] certificate;
  private final AsymmetricKeyParameter key;
  private final Fingerprint fingerprint;

  private DtlsIdentity(byte[] certificate, AsymmetricKeyParameter key) {
    this.certificate = certificate;
    this.key = key;
    this.fingerprint = Fingerprint.of(certificate);
  }

  /** Draws a key and signs its certificate. */
  public static DtlsIdentity create(SecureRandom random, Instant now) {
    var generator = new ECKeyPairGenerator();
    generator.init(
        new ECKeyGenerationParameters(
            new ECNamedDomainParameters(
                SECObjectIdentifiers.secp256r1, ECNamedCurveTable.getByName("P-256")),
            random));
    AsymmetricCipherKeyPair pair = generator.generateKeyPair();
    var name = new X500Name("CN=aye");
    try {
      var algorithm = new DefaultSignatureAlgorithmIdentifierFinder().find("SHA256withECDSA");
      var digest = new DefaultDigestAlgorithmIdentifierFinder().find(algorithm);
      byte[] certificate =
          new BcX509v3CertificateBuilder(
                  name,
                  new BigInteger(64, random).setBit(63),
                  Date.from(now.minus(Duration.ofDays(1))),
                  Date.from(now.plus(Duration.ofDays(30))),
                  name,
                  pair.getPublic())
              .build(
                  new BcECContentSignerBuilder(algorithm, digest)
                      .setSecureRandom(random)
                      .build(pair.getPrivate()))
              .getEncoded();
      return new DtlsIdentity(certificate, pair.getPrivate());
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException("cannot sign a certificate", e);
    }
  }

  /** What the signalling tells the other end. */
  public Fingerprint fingerprint() {
    return fingerprint;
  }

  byte[] certificate() {
    return certificate;
  }

  AsymmetricKeyParameter key() {
    return key;
  }
}
