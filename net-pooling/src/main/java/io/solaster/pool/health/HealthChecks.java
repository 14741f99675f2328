package io.solaster.pool.health;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

import io.netty.handler.ssl.SslContext;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Connector;
import io.solaster.pool.Resolver;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespProtocol;
import org.jspecify.annotations.Nullable;

/** The checks that come with the house. Each makes a connection of its own, which no pool counts, and closes it. */
public final class HealthChecks {
    private HealthChecks() {}

    /**
     * The check that a configuration asks for; none where that is {@code none}. Checks go through the proxy and the
     * encryption of the configuration, but for {@code tcp}, which is not encrypted: it wants a connection and nothing
     * more.
     *
     * @param resolver finds the addresses of hosts
     * @param tls gives a client's context, as for {@link Connectors#of}; null where {@code ssl} is not used
     */
    public static Function<PoolConfig, @Nullable HealthCheck> of(Engine engine, Resolver resolver,
            @Nullable Supplier<SslContext> tls) {
        return config -> {
            CheckConfig check = config.health().check();
            return switch (check.type()) {
                case NONE -> null;
                case TCP -> accepts(Connectors.of(engine, config.withSsl(SslConfig.defaults()), resolver, null),
                        check.timeout());
                case TLS -> accepts(encrypted(engine, config, resolver, tls), check.timeout());
                case RESP -> answersPing(Connectors.of(engine, config, resolver, tls), config);
                // Its one question is put in HTTP/1.1.
                case HTTP ->
                    answersGet(Connectors.of(engine, config.withHttp(PoolHttpConfig.defaults()), resolver, tls),
                            check);
            };
        };
    }

    /** As {@link #of}, where nothing is encrypted and hosts are looked up as Java does it, off the shards. */
    public static Function<PoolConfig, @Nullable HealthCheck> plain(Engine engine) {
        return of(engine, host -> engine.offload().call(() -> List.of(InetAddress.getAllByName(host))), null);
    }

    /** That it accepts a connection, and shakes hands where the connector encrypts. */
    public static HealthCheck accepts(Connector connector, Duration timeout) {
        return new ConnectionCheck(connector, timeout,
                (shard, channel, endpoint) -> CompletableFuture.completedStage(true));
    }

    /** That it answers PING with PONG, once the connection has proved who we are as {@code resp} says. */
    public static HealthCheck answersPing(Connector connector, PoolConfig config) {
        RespProtocol protocol = RespProtocol.exclusive(config);
        return new ConnectionCheck(connector, config.health().check().timeout(),
                (shard, channel, endpoint) -> protocol.open(shard, channel, endpoint)
                        .thenCompose(RespConnection::validate));
    }

    /** That it answers GET of a path with a good status; the answer's body is not read. */
    public static HealthCheck answersGet(Connector connector, CheckConfig config) {
        return new ConnectionCheck(connector, config.timeout(), (shard, channel, endpoint) -> {
            HttpQuestion question = new HttpQuestion(shard, config, endpoint);
            question.ask(channel);
            return question.answer();
        });
    }

    private static Connector encrypted(Engine engine, PoolConfig config, Resolver resolver,
            @Nullable Supplier<SslContext> tls) {
        if (tls == null) {
            throw new IllegalArgumentException("health.check.type is 'tls', and there is no SslContext for it: set"
                    + " ssl.bundle, or ssl.enabled, or take 'tcp'");
        }
        SslConfig ssl = config.ssl();
        return Connectors.of(engine, config.withSsl(new SslConfig(ssl.bundle(), true, ssl.serverName(),
                ssl.verifyHostname(), ssl.provider())), resolver, tls);
    }
}
