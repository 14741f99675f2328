package io.solaster.engine.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509KeyManager;

import org.jspecify.annotations.Nullable;

/**
 * What one side of TLS shows and whom it trusts: keys with their certificates, the authorities that are good, and perhaps
 * protocols and cipher suites. Immutable. Any thread.
 */
public final class KeyMaterial {
    private static final char[] NO_PASSWORD = new char[0];
    private static final List<String> KEY_TYPES = List.of("EC", "RSA", "EdDSA", "RSASSA-PSS", "Ed25519", "Ed448");

    private static final Integer DNS_NAME = 2;

    private final @Nullable KeyManagerFactory keys;
    private final @Nullable TrustManagerFactory trust;
    private final @Nullable String alias;
    private final String @Nullable [] protocols;
    private final @Nullable List<String> ciphers;

    private KeyMaterial(@Nullable KeyManagerFactory keys, @Nullable TrustManagerFactory trust, @Nullable String alias,
            String @Nullable [] protocols, @Nullable List<String> ciphers) {
        this.keys = keys;
        this.trust = trust;
        this.alias = alias;
        this.protocols = protocols;
        this.ciphers = ciphers;
    }

    /**
     * What these factories give.
     *
     * @param keys initialized; null to show nothing, as most clients do
     * @param trust initialized; null to trust what Java trusts
     */
    public static KeyMaterial ofFactories(@Nullable KeyManagerFactory keys, @Nullable TrustManagerFactory trust) {
        return new KeyMaterial(keys, trust, null, null, null);
    }

    /**
     * A key and its certificates, the key's own first.
     *
     * @throws IllegalArgumentException if no key store takes them
     */
    public static KeyMaterial of(PrivateKey key, List<X509Certificate> chain) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("key", key, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            return ofFactories(keys, null);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    "the key and its " + chain.size() + " certificate(s) are no key material: "
                            + e.getMessage() + "; give a private key and the chain that begins with its certificate",
                    e);
        }
    }

    /** This with other authorities to trust. */
    public KeyMaterial withTrust(@Nullable TrustManagerFactory newTrust) {
        return new KeyMaterial(keys, newTrust, alias, protocols, ciphers);
    }

    /** This of which the key of one alias alone is looked at: the one that {@code keys} chooses for every client. */
    public KeyMaterial withAlias(@Nullable String newAlias) {
        return new KeyMaterial(keys, trust, newAlias, protocols, ciphers);
    }

    /** This with these protocols, such as {@code TLSv1.3}, and cipher suites; null for those that are good today. */
    public KeyMaterial withOptions(String @Nullable [] newProtocols, @Nullable Collection<String> newCiphers) {
        return new KeyMaterial(keys, trust, alias, newProtocols == null ? null : newProtocols.clone(),
                newCiphers == null ? null : List.copyOf(newCiphers));
    }

    @Nullable
    KeyManagerFactory keys() {
        return keys;
    }

    @Nullable
    TrustManagerFactory trust() {
        return trust;
    }

    String @Nullable [] protocols() {
        return protocols;
    }

    @Nullable
    List<String> ciphers() {
        return ciphers;
    }

    /** The certificates that are shown as one's own, without those that sign them; empty if none is. */
    public List<X509Certificate> certificates() {
        List<X509Certificate> own = new ArrayList<>();
        entries().values().forEach(entry -> own.add(entry.certificate()));
        return List.copyOf(own);
    }

    /** The hosts that the certificates name, in lower case. */
    Set<String> hosts() {
        Set<String> hosts = new HashSet<>();
        for (X509Certificate certificate : certificates()) {
            try {
                Collection<List<?>> names = certificate.getSubjectAlternativeNames();
                if (names != null) {
                    names.stream().filter(name -> DNS_NAME.equals(name.getFirst()))
                            .forEach(name -> hosts.add(String.valueOf(name.get(1)).toLowerCase(Locale.ROOT)));
                }
            } catch (CertificateParsingException e) {
                // Then it names none that a client would find either.
            }
        }
        return hosts;
    }

    /**
     * Looks whether a server can show this.
     *
     * @throws IllegalArgumentException if there is no key, or one that is of another certificate
     */
    void check() {
        Map<String, Entry> entries = entries();
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(alias == null
                    ? "there is no private key with a certificate in it"
                    : "there is no private key with a certificate named '" + alias + "' in it");
        }
        entries.forEach((name, entry) -> {
            if (!entry.matches()) {
                throw new IllegalArgumentException("the private key is not that of the certificate "
                        + describe(entry.certificate()));
            }
        });
    }

    /** Whether all that is shown is good at this time. */
    boolean isValidAt(Instant now) {
        return certificates().stream().allMatch(certificate -> !now.isBefore(certificate.getNotBefore().toInstant())
                && now.isBefore(certificate.getNotAfter().toInstant()));
    }

    private Map<String, Entry> entries() {
        Map<String, Entry> entries = new LinkedHashMap<>();
        if (keys == null) {
            return entries;
        }
        for (KeyManager each : keys.getKeyManagers()) {
            if (each instanceof X509KeyManager manager) {
                for (String type : KEY_TYPES) {
                    String[] names = manager.getServerAliases(type, null);
                    Arrays.stream(names == null ? new String[0] : names)
                            .filter(name -> alias == null || isNamed(name, alias))
                            .forEach(name -> add(entries, manager, name));
                }
            }
        }
        return entries;
    }

    /** PKIX key managers put numbers before the names of a store's entries. */
    private static boolean isNamed(String name, String wanted) {
        String given = name.toLowerCase(Locale.ROOT);
        String lower = wanted.toLowerCase(Locale.ROOT);
        return given.equals(lower) || given.endsWith("." + lower);
    }

    private static void add(Map<String, Entry> entries, X509KeyManager manager, String name) {
        X509Certificate[] chain = manager.getCertificateChain(name);
        PrivateKey key = manager.getPrivateKey(name);
        if (chain != null && chain.length > 0 && key != null) {
            entries.putIfAbsent(name, new Entry(key, chain[0]));
        }
    }

    /** A certificate as people tell it from others. */
    static String describe(X509Certificate certificate) {
        return "'" + certificate.getSubjectX500Principal().getName() + "' (serial "
                + HexFormat.of().formatHex(certificate.getSerialNumber().toByteArray()) + ", until "
                + certificate.getNotAfter().toInstant() + ")";
    }

    private record Entry(PrivateKey key, X509Certificate certificate) {
        /** A store does not look whether the two belong together, and with others every handshake would fail. */
        boolean matches() {
            PublicKey shown = certificate.getPublicKey();
            String algorithm = switch (shown.getAlgorithm()) {
                case "RSA" -> "SHA256withRSA";
                case "EC" -> "SHA256withECDSA";
                case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
                default -> null;
            };
            if (algorithm == null) {
                return true;
            }
            try {
                byte[] text = {1, 2, 3};
                Signature signature = Signature.getInstance(algorithm);
                signature.initSign(key);
                signature.update(text);
                byte[] signed = signature.sign();
                signature.initVerify(shown);
                signature.update(text);
                return signature.verify(signed);
            } catch (GeneralSecurityException e) {
                return false;
            }
        }
    }
}
