package io.solaster.pool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;

/** A key and a certificate, made by the JDK's keytool. */
record TestCertificates(KeyStore store) {
    private static final char[] PASSWORD = "changeit".toCharArray();

    /** One for these names, as keytool writes them. */
    static TestCertificates of(Path directory, String names) throws Exception {
        Path file = directory.resolve(names.replaceAll("\\W", "-") + ".p12");
        if (!Files.exists(file)) {
            keytool(file, "-genkeypair", "-alias", "key", "-keyalg", "EC", "-dname", "CN=test", "-ext", "san=" + names,
                    "-validity", "7");
        }
        return load(file);
    }

    /** One that an authority has signed, and that expired two days ago. */
    static TestCertificates expired(Path directory, String names) throws Exception {
        Path authority = directory.resolve("authority.p12");
        Path file = directory.resolve("expired.p12");
        Path request = directory.resolve("request");
        Path signed = directory.resolve("signed");
        Path trusted = directory.resolve("trusted");
        keytool(authority, "-genkeypair", "-alias", "ca", "-keyalg", "EC", "-dname", "CN=authority", "-ext", "bc:c");
        keytool(authority, "-exportcert", "-alias", "ca", "-file", trusted.toString());
        keytool(file, "-genkeypair", "-alias", "key", "-keyalg", "EC", "-dname", "CN=test");
        keytool(file, "-certreq", "-alias", "key", "-file", request.toString());
        keytool(authority, "-gencert", "-alias", "ca", "-infile", request.toString(), "-outfile", signed.toString(),
                "-ext", "san=" + names, "-startdate", "-9d", "-validity", "7");
        keytool(file, "-importcert", "-noprompt", "-alias", "ca", "-file", trusted.toString());
        keytool(file, "-importcert", "-noprompt", "-alias", "key", "-file", signed.toString());
        return load(file);
    }

    private static void keytool(Path file, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        // Half the time, for a process that ends before it is warm.
        command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-keystore", file.toString(), "-storepass",
                new String(PASSWORD)));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes());
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool: " + said);
        }
    }

    private static TestCertificates load(Path file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return new TestCertificates(store);
    }

    private KeyManagerFactory keys() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        return keys;
    }

    private TrustManagerFactory trust() throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        // Itself, or whoever has signed it.
        Certificate[] chain = store.getCertificateChain("key");
        trusted.setCertificateEntry("trusted", chain[chain.length - 1]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        return trust;
    }

    /** Of a server that shows this, and asks clients for one that it trusts if there is one. */
    SslContext server(TestCertificates clients) throws Exception {
        return server(clients, ApplicationProtocolConfig.DISABLED);
    }

    /** As {@link #server(TestCertificates)}, with what it agrees on (ALPN). */
    SslContext server(TestCertificates clients, ApplicationProtocolConfig protocols) throws Exception {
        SslContextBuilder builder = SslContextBuilder.forServer(keys()).applicationProtocolConfig(protocols);
        return clients == null
                ? builder.build()
                : builder.trustManager(clients.trust()).clientAuth(ClientAuth.REQUIRE).build();
    }

    /** Of a client that trusts this, and shows another one if there is one. */
    SslContext client(TestCertificates own) throws Exception {
        SslContextBuilder builder = SslContextBuilder.forClient().trustManager(trust());
        return own == null ? builder.build() : builder.keyManager(own.keys()).build();
    }
}
