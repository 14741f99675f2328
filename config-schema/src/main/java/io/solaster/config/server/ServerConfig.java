package io.solaster.config.server;

import io.solaster.config.value.Range;
import io.solaster.config.value.Reloadable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One server. It listens on every shard.
 *
 * @param protocol what the server speaks: 'resp' or 'http'
 * @param host the address that the server binds to; 'unix:/run/app.sock' is a Unix domain socket of that path,
 *            'unix:@name' one of that abstract name
 * @param port the port that the server binds to; 0 takes a free one; a Unix domain socket has none
 * @param shardPorts the first of a row of ports, one for each shard, which stand beside the port: who connects to the first plus
 *            2 is served by shard 2; 0 for none
 * @param backlog connections that may wait to be accepted, per listening socket
 * @param password what clients must give to AUTH; none by default
 * @param protectedMode whether, without a password, only clients of this machine are served
 * @param limits what one client may take
 * @param group the scheduling group that its connections run in
 * @param sslBundle the SSL bundle that connections are encrypted with; none by default
 * @param clientAuth whether clients show a certificate, where there is an SSL bundle: its trust store says which are good
 * @param socketMode who may connect to a Unix domain socket that is a file, as chmod takes it: '600' for the user that the
 *            process runs as, '660' for the user's group, '666' for all
 * @param distribution how connections come to shards
 * @param acceptPolicy the name of a bean of type AcceptPolicy that says which shard owns a new connection, in place of the
 *            distribution; none by default
 * @param socket what the kernel is told of its connections
 * @param proxyProtocol which proxies say whose connections they pass on
 * @param tls how connections are encrypted, where there is an SSL bundle
 * @param http what holds where the protocol is 'http'
 */
@ConfigurationPropertiesSource
public record ServerConfig(String protocol, @DefaultValue("127.0.0.1") String host,
        @Range(min = 0, max = 65535) int port, @DefaultValue("0") @Range(min = 0, max = 65535) int shardPorts,
        @DefaultValue("1024") @Range(min = 1) int backlog,
        @Reloadable @Nullable String password, @Reloadable @DefaultValue("true") boolean protectedMode,
        @Reloadable @NestedConfigurationProperty @DefaultValue LimitsConfig limits,
        @DefaultValue("default") String group, @Nullable String sslBundle,
        @DefaultValue("none") ClientAuth clientAuth,
        @DefaultValue(OWNER) String socketMode, @DefaultValue("reuseport") Distribution distribution,
        @Nullable String acceptPolicy, @NestedConfigurationProperty @DefaultValue SocketConfig socket,
        @Reloadable @NestedConfigurationProperty @DefaultValue ProxyProtocolConfig proxyProtocol,
        @NestedConfigurationProperty @DefaultValue TlsConfig tls,
        @Reloadable @NestedConfigurationProperty @DefaultValue HttpConfig http) {
    /** What a host begins with that is a Unix domain socket. */
    public static final String UNIX = "unix:";
    private static final String OWNER = "600";

    /** A server of this protocol on this port of the loopback address; all else as an empty configuration gives. */
    public static ServerConfig of(String protocol, int port) {
        return new ServerConfig(protocol, "127.0.0.1", port, 0, 1024, null, true, LimitsConfig.defaults(), "default",
                null, ClientAuth.NONE, OWNER, Distribution.REUSEPORT, null, SocketConfig.defaults(),
                ProxyProtocolConfig.defaults(), TlsConfig.defaults(), HttpConfig.defaults());
    }

    /** This with another address to bind to. */
    public ServerConfig withHost(String newHost) {
        return new ServerConfig(protocol, newHost, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with another port to bind to. */
    public ServerConfig withPort(int newPort) {
        return new ServerConfig(protocol, host, newPort, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with a port for each shard, from this one on; 0 for none. */
    public ServerConfig withShardPorts(int newShardPorts) {
        return new ServerConfig(protocol, host, port, newShardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with another way in which connections come to shards. */
    public ServerConfig withDistribution(Distribution newDistribution) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, newDistribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with other options of its sockets. */
    public ServerConfig withSocket(SocketConfig newSocket) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, newSocket, proxyProtocol, tls, http);
    }

    /** This with another number of connections that may wait to be accepted. */
    public ServerConfig withBacklog(int newBacklog) {
        return new ServerConfig(protocol, host, port, shardPorts, newBacklog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with another password; null for none. */
    public ServerConfig withPassword(@Nullable String newPassword) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, newPassword, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with or without protected mode. */
    public ServerConfig withProtectedMode(boolean newProtectedMode) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, newProtectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with other limits. */
    public ServerConfig withLimits(LimitsConfig newLimits) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, newLimits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with another scheduling group. */
    public ServerConfig withGroup(String newGroup) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, newGroup,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, http);
    }

    /** This with other settings of HTTP. */
    public ServerConfig withHttp(HttpConfig newHttp) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle,
                clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol, tls, newHttp);
    }

    /** This encrypted with another SSL bundle; null for clear text. */
    public ServerConfig withSslBundle(@Nullable String newSslBundle) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                newSslBundle, clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol,
                tls, http);
    }

    /** This with or without clients' certificates. */
    public ServerConfig withClientAuth(ClientAuth newClientAuth) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle, newClientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol,
                tls, http);
    }

    /** This with another way to encrypt. */
    public ServerConfig withTls(TlsConfig newTls) {
        return new ServerConfig(protocol, host, port, shardPorts, backlog, password, protectedMode, limits, group,
                sslBundle, clientAuth, socketMode, distribution, acceptPolicy, socket, proxyProtocol,
                newTls, http);
    }

    /** Whether it listens on a Unix domain socket, which has no port. */
    public boolean isUnix() {
        return host != null && host.startsWith(UNIX);
    }

    /** Where it listens, as people write it. */
    public String where() {
        return isUnix() ? host : host + ":" + port;
    }

    /** How connections come to shards. Over nio, and on a Unix domain socket, it is always by least connections. */
    public enum Distribution {
        /** The kernel spreads them over a listening socket of each shard: accepted where they are served, seldom evenly. */
        REUSEPORT,
        /** Shard 0 accepts, and hands each to the shard that has the fewest of this server: evenly. */
        LEAST_CONNECTIONS,
        /**
         * Every shard accepts as with 'reuseport', and keeps what it has accepted unless it carries clearly more than its part,
         * of connections or of work: then the connection goes to one that carries less.
         */
        BALANCED
    }

    /** Whether clients show a certificate. */
    public enum ClientAuth {
        /** They are not asked for one. */
        NONE,
        /** They are asked for one, and served without. */
        WANT,
        /** They are served only with a good one. */
        NEED
    }

    /** Everything but the password, which must not reach a log. */
    @Override
    public String toString() {
        return "ServerConfig[protocol=" + protocol + ", host=" + host + ", port=" + port + ", shardPorts=" + shardPorts
                + ", backlog=" + backlog
                + ", password=" + (password == null ? "none" : "******") + ", protectedMode=" + protectedMode
                + ", limits=" + limits + ", group=" + group + ", sslBundle=" + sslBundle + ", clientAuth=" + clientAuth
                + ", socketMode=" + socketMode + ", distribution=" + distribution + ", acceptPolicy="
                + acceptPolicy + ", socket=" + socket + ", proxyProtocol=" + proxyProtocol
                + ", tls=" + tls + ", http=" + http + "]";
    }
}
