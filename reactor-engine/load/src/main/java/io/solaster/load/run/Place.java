package io.solaster.load.run;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.solaster.load.protocol.Http2;
import io.solaster.load.protocol.Target;
import org.jspecify.annotations.Nullable;

/**
 * Where connections go to, found once before the run.
 *
 * @param address of the target; of nothing where calls stand for connections
 * @param tls what encrypts; null for clear text
 */
record Place(InetSocketAddress address, @Nullable SslContext tls) {

    /** Looks a name up: may block, so not on a shard. */
    static Place of(@Nullable Target target) throws IOException {
        if (target == null) {
            return new Place(new InetSocketAddress(0), null);
        }
        InetAddress host;
        try {
            host = InetAddress.getByName(target.host());
        } catch (UnknownHostException e) {
            throw new IOException("host '" + target.host() + "' of " + target.url()
                    + " is not known; name one that is, or give an address", e);
        }
        return new Place(new InetSocketAddress(host, target.port()), tls(target));
    }

    private static @Nullable SslContext tls(Target target) throws SSLException {
        if (target.security() == Target.Security.NONE) {
            return null;
        }
        SslContextBuilder builder = SslContextBuilder.forClient();
        if (target.security() == Target.Security.TLS_UNCHECKED) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
        }
        if (target.protocol() instanceof Http2) {
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    ApplicationProtocolNames.HTTP_2));
        }
        return builder.build();
    }
}
