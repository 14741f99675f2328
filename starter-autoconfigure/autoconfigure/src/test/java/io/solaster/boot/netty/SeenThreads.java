package io.solaster.boot.netty;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.engine.Engine;
import io.solaster.engine.transport.TransportChoice;

/** Remembers which threads callbacks ran on. Any thread. */
final class SeenThreads {
    private static final String OTHERS = ".*(reactor-|webflux-|lettuce-|grpc-|epollEventLoop|nioEventLoop).*";

    private final Set<String> names = ConcurrentHashMap.newKeySet();

    <T> T here(T value) {
        names.add(Thread.currentThread().getName());
        return value;
    }

    Set<String> names() {
        return new TreeSet<>(names);
    }

    static String[] shardsOf(Engine engine) {
        return engine.shards().stream().map(shard -> engine.name() + "-shard-" + shard.id()).toArray(String[]::new);
    }

    /** Threads of this process that Netty's libraries start when they are left to themselves. */
    static Set<String> ofLibraries() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.matches(OTHERS))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The transports that this machine has. */
    static Stream<Transport> transports() {
        return Stream.of(Transport.NIO, Transport.EPOLL, Transport.IO_URING).filter(kind -> {
            try {
                return TransportChoice.choose(kind).kind() == kind;
            } catch (InvalidConfigException notHere) {
                return false;
            }
        });
    }
}
