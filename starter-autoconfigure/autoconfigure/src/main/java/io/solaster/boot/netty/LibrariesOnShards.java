package io.solaster.boot.netty;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import io.solaster.config.LibrariesConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.util.ClassUtils;

/**
 * Says which of the application's libraries run on the shards and why the others do not: once in the log when the
 * application starts, and to whoever asks. Any thread.
 */
public final class LibrariesOnShards implements SmartInitializingSingleton {
    private static final Logger log = LoggerFactory.getLogger(LibrariesOnShards.class);

    private static final List<Known> KNOWN = List.of(
            new Known("reactor-netty", LibrariesConfig::reactorNetty, "reactor.netty.http.HttpResources",
                    "org.springframework.http.client.ReactorResourceFactory", Set.of("solasterReactorResources")),
            // Spring Boot's is customized.
            new Known("lettuce", LibrariesConfig::lettuce, "io.lettuce.core.RedisClient",
                    "io.lettuce.core.resource.ClientResources",
                    Set.of("solasterClientResources", "lettuceClientResources")),
            new Known("grpc", LibrariesConfig::grpc, "io.grpc.netty.NettyServerBuilder",
                    "io.solaster.boot.netty.GrpcOnShards", Set.of("solasterGrpc")),
            new Known("rsocket", LibrariesConfig::rsocket, "io.rsocket.transport.netty.client.TcpClientTransport",
                    "io.solaster.boot.netty.RSocketTransports", Set.of("solasterRSocketTransports")),
            new Known("r2dbc", LibrariesConfig::r2dbc, "io.r2dbc.spi.ConnectionFactory",
                    "org.springframework.boot.r2dbc.autoconfigure.ConnectionFactoryOptionsBuilderCustomizer",
                    Set.of("solasterR2dbcCustomizer")));
    private static final String SHADED_GRPC = "io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder";

    private final ListableBeanFactory beans;
    private final LibrariesConfig config;
    private final ClassLoader classes;

    LibrariesOnShards(ListableBeanFactory beans, LibrariesConfig config, ClassLoader classes) {
        this.beans = beans;
        this.config = config;
        this.classes = classes;
    }

    /** The libraries in the order of the README, those that are not on the class path included. */
    public List<Library> all() {
        return KNOWN.stream().map(this::look).toList();
    }

    private Library look(Known known) {
        if (!ClassUtils.isPresent(known.mark, classes)) {
            return ClassUtils.isPresent(SHADED_GRPC, classes) && known.name.equals("grpc")
                    ? Library.off(known.name, "grpc-netty-shaded brings a Netty of its own; use grpc-netty")
                    : new Library(known.name, State.ABSENT, "it is not on the class path");
        }
        if (!known.isWanted.test(config)) {
            return Library.off(known.name, "solaster.libraries." + known.name + " is false");
        }
        if (!ClassUtils.isPresent(known.type, classes)) {
            return Library.off(known.name, ClassUtils.getShortName(known.type) + " is not on the class path");
        }
        List<String> names = List.of(beans.getBeanNamesForType(ClassUtils.resolveClassName(known.type, classes)));
        if (names.stream().anyMatch(known.ours::contains)) {
            return new Library(known.name, State.ON_SHARDS, "");
        }
        return Library.off(known.name, names.isEmpty()
                ? "no bean of type " + ClassUtils.getShortName(known.type)
                : "the application has its own " + ClassUtils.getShortName(known.type) + " '" + names.getFirst() + "'");
    }

    @Override
    public void afterSingletonsInstantiated() {
        List<Library> all = all();
        String on = names(all, State.ON_SHARDS);
        String off = all.stream().filter(library -> library.state == State.OFF)
                .map(library -> library.name + " (" + library.reason + ")").collect(Collectors.joining(", "));
        String absent = names(all, State.ABSENT);
        log.info("Libraries on the shards: {}{}{}", on.isEmpty() ? "none" : on,
                off.isEmpty() ? "" : "; on threads of their own: " + off,
                absent.isEmpty() ? "" : "; not on the class path: " + absent);
    }

    private static String names(List<Library> all, State state) {
        return all.stream().filter(library -> library.state == state).map(Library::name)
                .collect(Collectors.joining(", "));
    }

    /** Where a library runs. */
    public enum State {
        /** On the shards. */
        ON_SHARDS,
        /** On threads of its own, though it is there. */
        OFF,
        /** Nowhere: it is not on the class path. */
        ABSENT
    }

    /**
     * A library and where it runs.
     *
     * @param name the key below {@code solaster.libraries}
     * @param state where it runs
     * @param reason why not on the shards; empty where it is
     */
    public record Library(String name, State state, String reason) {

        private static Library off(String name, String reason) {
            return new Library(name, State.OFF, reason);
        }
    }

    /**
     * @param mark the class by which it is known to be there
     * @param type of the bean through which it gets the shards
     * @param ours the names of such beans that hand it the shards
     */
    private record Known(String name, Predicate<LibrariesConfig> isWanted, String mark, String type,
            Set<String> ours) {}
}
