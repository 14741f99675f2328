package io.solaster.spring.web;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.stream.Stream;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.SslInfo;

/** What was agreed with a client over TLS. */
final class ShardSslInfo implements SslInfo {
    private final SSLSession session;

    ShardSslInfo(SSLSession session) {
        this.session = session;
    }

    @Override
    public String getSessionId() {
        return HexFormat.of().formatHex(session.getId());
    }

    /** The client's, its own first; null if it has given none. */
    @Override
    public X509Certificate @Nullable [] getPeerCertificates() {
        try {
            Certificate[] given = session.getPeerCertificates();
            X509Certificate[] known = Stream.of(given).filter(X509Certificate.class::isInstance)
                    .toArray(X509Certificate[]::new);
            return known.length == 0 ? null : known;
        } catch (SSLPeerUnverifiedException none) {
            return null;
        }
    }
}
