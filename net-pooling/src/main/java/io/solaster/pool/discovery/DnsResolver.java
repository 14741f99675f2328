package io.solaster.pool.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;

import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverException;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.pool.Resolver;

/**
 * DNS for all shards: Netty's resolver on one of them, with one cache. Names in the hosts file, search domains and name
 * servers are those of this machine. What the servers answer is kept for as long as they say, up to a minute; where they
 * do not answer at all, addresses that were found before still hold. Any thread.
 */
public final class DnsResolver implements Resolver, AutoCloseable {
    /** Seconds. */
    private static final int MAX_TTL = 60;
    private static final int NEGATIVE_TTL = 1;
    private static final int QUERY_TIMEOUT_MILLIS = 2_000;
    private static final int MAX_REMEMBERED = 1_024;

    private final Engine engine;
    private final Shard home;
    private final DnsNameResolver dns;
    /** What was found last, for when no server answers; the eldest gives way. On the home shard. */
    private final Map<String, List<InetAddress>> remembered = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, List<InetAddress>> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    private DnsResolver(Engine engine, Consumer<DnsNameResolverBuilder> more) {
        this.engine = engine;
        this.home = engine.shard(0);
        DnsNameResolverBuilder builder = new DnsNameResolverBuilder(home).ttl(0, MAX_TTL).negativeTtl(NEGATIVE_TTL)
                .queryTimeoutMillis(QUERY_TIMEOUT_MILLIS).completeOncePreferredResolved(false);
        TransportChoice transport = engine.transport();
        builder.datagramChannelFactory(() -> transport.datagramChannels().get())
                .socketChannelFactory(() -> transport.clientChannels().get());
        more.accept(builder);
        this.dns = builder.build();
        engine.onStop(this::close);
    }

    /** With the name servers of this machine. It ends with the engine. Not on a shard. */
    public static DnsResolver on(Engine engine) {
        return on(engine, builder -> {});
    }

    /**
     * With name servers, time limits and caches of one's own.
     *
     * @param more changes what Netty's resolver is made with, but for its event loop
     */
    public static DnsResolver on(Engine engine, Consumer<DnsNameResolverBuilder> more) {
        return new DnsResolver(engine, more);
    }

    @Override
    public ShardFuture<List<InetAddress>> resolve(String host) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        if (address != null) {
            return engine.submitTo(here(), () -> List.of(InetAddress.getByAddress(host, address)));
        }
        return engine.submitStageTo(home.id(), CallOptions.DEFAULTS, () -> lookUp(host));
    }

    private int here() {
        Shard shard = Shard.current();
        return shard != null && engine.shards().contains(shard) ? shard.id() : home.id();
    }

    private CompletionStage<List<InetAddress>> lookUp(String host) {
        return stage(dns.resolveAll(host)).handle((found, failure) -> {
            List<InetAddress> before = remembered.get(host);
            if (failure == null) {
                remembered.put(host, found);
                return CompletableFuture.completedStage(found);
            }
            return before != null && !saysNo(failure)
                    ? CompletableFuture.completedStage(before)
                    : CompletableFuture.<List<InetAddress>>failedStage(unknown(host, failure));
        }).thenCompose(Function.identity());
    }

    private static UnknownHostException unknown(String host, Throwable failure) {
        if (failure instanceof UnknownHostException unknown) {
            return unknown;
        }
        UnknownHostException unknown = new UnknownHostException(host + ": " + failure.getMessage());
        unknown.initCause(failure);
        return unknown;
    }

    /**
     * Asks for the records of a name, past the cache.
     *
     * @param parser makes something of one record, which it must not keep
     * @return on the shard that asked
     */
    <T> ShardFuture<Records<T>> records(String name, DnsRecordType type, Function<DnsRecord, T> parser) {
        return engine.submitStageTo(home.id(), CallOptions.DEFAULTS,
                () -> stage(dns.resolveAll(new DefaultDnsQuestion(name, type)))
                        .thenApply(records -> parse(records, type, parser)));
    }

    private static <T> Records<T> parse(List<DnsRecord> records, DnsRecordType type, Function<DnsRecord, T> parser) {
        try {
            return new Records<>(
                    records.stream().filter(record -> record.type().equals(type)).map(parser)
                            .map(Objects::requireNonNull)
                            .toList(),
                    records.stream().mapToLong(DnsRecord::timeToLive).min().orElse(0));
        } finally {
            records.forEach(ReferenceCountUtil::release);
        }
    }

    /**
     * What a name has.
     *
     * @param ttl how long it holds, in seconds
     */
    record Records<T>(List<T> records, long ttl) {}

    /** Whether IPv4 addresses can be of use here. */
    boolean wantsIpV4() {
        return dns.resolvedAddressTypes() != ResolvedAddressTypes.IPV6_ONLY;
    }

    /** Whether IPv6 addresses can be of use here. */
    boolean wantsIpV6() {
        return dns.resolvedAddressTypes() != ResolvedAddressTypes.IPV4_ONLY;
    }

    /** Whether a failure is a server's answer that there is nothing by that name, and not the want of an answer. */
    static boolean saysNo(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DnsErrorCauseException code) {
                return code.getCode().equals(DnsResponseCode.NXDOMAIN);
            }
            if (cause instanceof DnsNameResolverException) {
                return false;
            }
        }
        return failure instanceof UnknownHostException || failure.getCause() instanceof UnknownHostException;
    }

    private static <T> CompletableFuture<T> stage(Future<T> future) {
        CompletableFuture<T> stage = new CompletableFuture<>();
        future.addListener((Future<T> done) -> {
            if (done.isSuccess()) {
                stage.complete(done.getNow());
            } else {
                stage.completeExceptionally(done.cause());
            }
        });
        return stage;
    }

    @Override
    public void close() {
        dns.close();
    }
}
