package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates for servers of tests, and clients that trust them. */
public final class Certificates {

    private static final Map<String, byte[]> MADE = new ConcurrentHashMap<>();

    private Certificates() {}

    /**
     * One of this name for 'localhost', with its key, in {@code <name>.p12}; the password is 'changeit'. All tests share the
     * one of a name.
     */
    public static KeyStore make(Path directory, String name) throws Exception {
        byte[] made = MADE.get(name);
        if (made == null) {
            made = generate(directory, name);
            byte[] before = MADE.putIfAbsent(name, made);
            made = before == null ? made : before;
        }
        Files.write(directory.resolve(name + ".p12"), made);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(made), "changeit".toCharArray());
        return store;
    }

    private static byte[] generate(Path directory, String name) throws Exception {
        Path file = directory.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                // Half the time, for a process that ends before it is warm.
                "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-genkeypair", "-alias", "key", "-keyalg", "EC",
                "-dname", "CN=" + name, "-ext",
                "san=dns:localhost,ip:127.0.0.1", "-validity", "7", "-storetype", "PKCS12", "-keystore",
                file.toString(), "-storepass", "changeit").redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes());
        assertThat(keytool.waitFor()).as(said).isZero();
        return Files.readAllBytes(file);
    }

    /** Of a client that trusts this certificate, and perhaps shows it. */
    public static SSLContext client(KeyStore store, boolean shows) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("trusted", store.getCertificate("key"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(shows ? keys.getKeyManagers() : null, trust.getTrustManagers(), null);
        return context;
    }
}
