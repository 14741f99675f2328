package io.solaster.engine.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import org.jspecify.annotations.Nullable;

/** A key and a certificate that it signs itself, made by the JDK's keytool, once for all tests. */
public record TestKeys(KeyStore store) {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final Map<String, TestKeys> MADE = new ConcurrentHashMap<>();

    /** One that is good, for 'localhost' and a host of this name. */
    public static TestKeys of(String name) {
        return MADE.computeIfAbsent(name, each -> make(each, "-validity", "30"));
    }

    /** One that was good until two days ago. */
    public static TestKeys expired() {
        return MADE.computeIfAbsent("expired.example", each -> make(each, "-startdate", "-9d", "-validity", "7"));
    }

    private static TestKeys make(String name, String... options) {
        try {
            Path directory = Files.createTempDirectory("keys");
            Path file = directory.resolve("keys.p12");
            try {
                List<String> command = new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                        "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-genkeypair", "-alias", "key", "-keyalg",
                        "EC", "-dname", "CN=" + name, "-ext", "san=dns:localhost,dns:" + name + ",ip:127.0.0.1",
                        "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", new String(PASSWORD)));
                command.addAll(List.of(options));
                Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
                String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                if (keytool.waitFor() != 0) {
                    throw new IOException("keytool: " + said);
                }
                KeyStore store = KeyStore.getInstance("PKCS12");
                try (InputStream in = Files.newInputStream(file)) {
                    store.load(in, PASSWORD);
                }
                return new TestKeys(store);
            } finally {
                Files.deleteIfExists(file);
                Files.delete(directory);
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public PrivateKey key() {
        try {
            return (PrivateKey) store.getKey("key", PASSWORD);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public X509Certificate certificate() {
        try {
            return (X509Certificate) store.getCertificate("key");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a server shows with this. */
    public KeyMaterial material() {
        return KeyMaterial.of(key(), List.of(certificate()));
    }

    private KeyManagerFactory keys() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        return keys;
    }

    /** Trusts these certificates, and no other. */
    public static TrustManagerFactory trust(TestKeys... good) {
        try {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            for (TestKeys each : good) {
                trusted.setCertificateEntry(each.certificate().getSubjectX500Principal().getName(), each.certificate());
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            return trust;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of a client that shows this, if anything, and trusts these. */
    public static SSLContext client(@Nullable TestKeys own, TestKeys... good) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own == null ? null : own.keys().getKeyManagers(), trust(good).getTrustManagers(), null);
        return context;
    }
}
