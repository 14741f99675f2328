package io.solaster.pool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import org.jspecify.annotations.Nullable;

/** A key and a certificate, made by the JDK's keytool, once for all tests: a process each time would take as long as they. */
public record TestCertificates(KeyStore store) {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final Map<String, TestCertificates> MADE = new HashMap<>();

    /** For this machine's own names. */
    public static TestCertificates local() throws Exception {
        return made("dns:localhost,ip:127.0.0.1", false);
    }

    /** For other.example and orders.example. */
    static TestCertificates elsewhere() throws Exception {
        return made("dns:other.example,dns:orders.example", false);
    }

    /** For this machine's own names; an authority has signed it, and it expired two days ago. */
    public static TestCertificates expired() throws Exception {
        return made("dns:localhost,ip:127.0.0.1", true);
    }

    private static synchronized TestCertificates made(String names, boolean expired) throws Exception {
        TestCertificates made = MADE.get(names + expired);
        if (made == null) {
            Path directory = Files.createTempDirectory("certificates");
            Path file = directory.resolve("keys.p12");
            try {
                made = expired ? expired(file, names) : of(file, names);
            } finally {
                Files.deleteIfExists(file);
                Files.delete(directory);
            }
            MADE.put(names + expired, made);
        }
        return made;
    }

    private static TestCertificates of(Path file, String names) throws Exception {
        keytool(file, "key", "-ext", "san=" + names, "-validity", "7");
        return load(file);
    }

    /** One that is trusted itself would never expire. */
    private static TestCertificates expired(Path file, String names) throws Exception {
        keytool(file, "ca", "-ext", "bc:c");
        keytool(file, "key", "-signer", "ca", "-ext", "san=" + names, "-startdate", "-9d", "-validity", "7");
        return load(file);
    }

    private static void keytool(Path file, String alias, String... options) throws Exception {
        // Half the time, for a process that ends before it is warm.
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-J-XX:TieredStopAtLevel=1",
                "-J-XX:+UseSerialGC", "-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + alias,
                "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", new String(PASSWORD)));
        command.addAll(List.of(options));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes());
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool: " + said);
        }
    }

    private static TestCertificates load(Path file) throws Exception {
        KeyStore all = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            all.load(in, PASSWORD);
        }
        KeyStore own = empty();
        own.setKeyEntry("key", all.getKey("key", PASSWORD), PASSWORD, all.getCertificateChain("key"));
        return new TestCertificates(own);
    }

    private static KeyStore empty() throws Exception {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        return empty;
    }

    /** Of a server of the JDK's own that shows this. */
    public SSLContext serverOfTheJdk() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys().getKeyManagers(), null, null);
        return context;
    }

    private KeyManagerFactory keys() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        return keys;
    }

    private TrustManagerFactory trust() throws Exception {
        KeyStore trusted = empty();
        // Itself, or whoever has signed it.
        Certificate[] chain = store.getCertificateChain("key");
        trusted.setCertificateEntry("trusted", chain[chain.length - 1]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        return trust;
    }

    /** Of a server that shows this, and asks clients for one that it trusts if there is one. */
    SslContext server(@Nullable TestCertificates clients) throws Exception {
        return server(clients, ApplicationProtocolConfig.DISABLED);
    }

    /** As {@link #server(TestCertificates)}, with what it agrees on (ALPN). */
    SslContext server(@Nullable TestCertificates clients, ApplicationProtocolConfig protocols) throws Exception {
        SslContextBuilder builder = SslContextBuilder.forServer(keys()).applicationProtocolConfig(protocols);
        return clients == null
                ? builder.build()
                : builder.trustManager(clients.trust()).clientAuth(ClientAuth.REQUIRE).build();
    }

    /** Of a client that trusts this, and shows another one if there is one. */
    public SslContext client(@Nullable TestCertificates own) throws Exception {
        SslContextBuilder builder = SslContextBuilder.forClient().trustManager(trust());
        return own == null ? builder.build() : builder.keyManager(own.keys()).build();
    }
}
