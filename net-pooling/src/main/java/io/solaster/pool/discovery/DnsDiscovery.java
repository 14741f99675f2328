package io.solaster.pool.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.DnsResolver.Records;
import io.solaster.pool.discovery.PolledDiscovery.Answer;
import org.jspecify.annotations.Nullable;

/**
 * Endpoints from DNS: each address of a name, or each host of a service with its port, weight and priority (RFC 2782). An
 * answer holds as long as it says. No answer, an error and an empty answer change nothing, and are told.
 */
public final class DnsDiscovery {
    /** Weights in DNS go up to 65,535: as many places in a table of weights would be too many. */
    private static final int MAX_WEIGHT = 1_000;

    private DnsDiscovery() {}

    /** One endpoint for each address (A, AAAA) of the name that is configured, on the port that is. */
    public static Discovery addresses(Engine engine, DnsResolver resolver, DiscoveryConfig config) {
        String name = Objects.requireNonNull(config.name(), "name");
        return new PolledDiscovery(engine, "dns " + name, config, new Addresses(resolver, name, config.port()));
    }

    /** One endpoint for each record (SRV) of the service that is configured. */
    public static Discovery services(Engine engine, DnsResolver resolver, DiscoveryConfig config) {
        String name = Objects.requireNonNull(config.name(), "name");
        return new PolledDiscovery(engine, "srv " + name, config,
                () -> resolver.records(name, DnsRecordType.SRV, Service::of)
                        .thenApply(found -> new Answer(endpoints(name, found.records()),
                                Duration.ofSeconds(found.ttl()))));
    }

    /** Two questions of which one may go unanswered. On one shard. */
    private static final class Addresses implements PolledDiscovery.Source {
        private final DnsResolver resolver;
        private final String name;
        private final int port;
        private final Family ipV4 = new Family();
        private final Family ipV6 = new Family();

        Addresses(DnsResolver resolver, String name, int port) {
            this.resolver = resolver;
            this.name = name;
            this.port = port;
        }

        @Override
        public CompletionStage<Answer> ask() {
            CompletableFuture<@Nullable Throwable> a = resolver.wantsIpV4()
                    ? ipV4.heard(resolver.records(name, DnsRecordType.A, Addresses::address))
                    : CompletableFuture.completedFuture(new UnknownHostException(name));
            CompletableFuture<@Nullable Throwable> aaaa = resolver.wantsIpV6()
                    ? ipV6.heard(resolver.records(name, DnsRecordType.AAAA, Addresses::address))
                    : CompletableFuture.completedFuture(new UnknownHostException(name));
            return a.thenCombine(aaaa, this::both);
        }

        private Answer both(@Nullable Throwable failed, @Nullable Throwable failed6) {
            if (failed != null && failed6 != null) {
                throw new CompletionException(DnsResolver.saysNo(failed) ? failed6 : failed);
            }
            ipV4.forgetIfDenied(failed);
            ipV6.forgetIfDenied(failed6);
            List<Endpoint> all = Stream.of(ipV4, ipV6).flatMap(family -> family.addresses.stream())
                    .map(address -> Endpoint.of(address, port)).toList();
            if (all.isEmpty()) {
                throw new CompletionException(new UnknownHostException(name + " has no addresses in DNS"));
            }
            long ttl = Math.min(failed == null ? ipV4.ttl : Long.MAX_VALUE,
                    failed6 == null ? ipV6.ttl : Long.MAX_VALUE);
            return new Answer(all, Duration.ofSeconds(ttl));
        }

        private static String address(DnsRecord record) {
            try {
                return InetAddress.getByAddress(ByteBufUtil.getBytes(((ByteBufHolder) record).content()))
                        .getHostAddress();
            } catch (UnknownHostException e) {
                throw new IllegalStateException("an address in DNS of "
                        + ((ByteBufHolder) record).content().readableBytes() + " bytes", e);
            }
        }
    }

    /** The addresses of one family, as the last answer has them: where none comes, those hold. */
    private static final class Family {
        private List<String> addresses = List.of();
        private long ttl;

        /** What is wrong, or null. */
        CompletableFuture<@Nullable Throwable> heard(ShardFuture<Records<String>> answer) {
            return answer.handle((records, failure) -> {
                if (failure == null) {
                    addresses = records.records();
                    ttl = records.ttl();
                }
                return failure;
            });
        }

        /** The other family has been found: that there is nothing of this one is believed. */
        void forgetIfDenied(@Nullable Throwable failure) {
            if (failure != null && DnsResolver.saysNo(failure)) {
                addresses = List.of();
            }
        }
    }

    /** A record of a service. */
    private record Service(int priority, int weight, int port, String host) {

        static Service of(DnsRecord record) {
            ByteBuf content = ((ByteBufHolder) record).content().duplicate();
            int priority = content.readUnsignedShort();
            int weight = content.readUnsignedShort();
            int port = content.readUnsignedShort();
            String host = DefaultDnsRecordDecoder.decodeName(content);
            return new Service(priority, weight, port, host.length() > 1 && host.endsWith(".")
                    ? host.substring(0, host.length() - 1)
                    : host);
        }
    }

    private static List<Endpoint> endpoints(String name, List<Service> services) {
        // A single dot says that the service is decidedly not there.
        List<Service> there = services.stream().filter(service -> !service.host.equals(".") && service.port > 0)
                .toList();
        if (there.isEmpty()) {
            throw new CompletionException(new UnknownHostException(name + " has no hosts in DNS"));
        }
        List<Integer> priorities = there.stream().map(Service::priority).distinct().sorted().toList();
        int heaviest = there.stream().mapToInt(Service::weight).max().orElse(1);
        List<Endpoint> endpoints = new ArrayList<>();
        for (Service service : there) {
            int weight = heaviest <= MAX_WEIGHT
                    ? service.weight
                    : (int) ((long) service.weight * MAX_WEIGHT / heaviest);
            endpoints.add(new Endpoint(service.host, service.port, Math.max(1, weight),
                    priorities.indexOf(service.priority), null, -1));
        }
        return endpoints;
    }
}
