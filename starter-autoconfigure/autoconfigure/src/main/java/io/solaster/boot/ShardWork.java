package io.solaster.boot;

import java.util.List;
import java.util.function.Predicate;

import io.solaster.config.LibrariesConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.WebConfig;
import io.solaster.config.plan.ShardPlan.Work;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.util.ClassUtils;

/**
 * Tells whether servers run on an application's shards: those of {@code solaster.servers} and
 * {@code solaster.udp}, WebFlux, and the servers of
 * libraries that get the shards. Looks at bean definitions and makes no bean. The thread that starts the application.
 */
final class ShardWork {
    private static final List<Library> LIBRARIES = List.of(
            new Library("org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory",
                    LibrariesConfig::reactorNetty),
            new Library("org.springframework.boot.rsocket.server.RSocketServerFactory", LibrariesConfig::rsocket),
            new Library("org.springframework.grpc.server.NettyGrpcServerFactory", LibrariesConfig::grpc));
    private static final String REACTIVE_SERVER = "org.springframework.boot.web.server.reactive.ReactiveWebServerFactory";

    private ShardWork() {}

    static Work of(SolasterConfig config, ListableBeanFactory beans, @Nullable ClassLoader classes) {
        boolean serves = !config.servers().isEmpty() || !config.udp().isEmpty()
                || config.web().server() == WebConfig.Server.SOLASTER && isThere(REACTIVE_SERVER, beans, classes)
                || LIBRARIES.stream().anyMatch(library -> library.onShards.test(config.libraries())
                        && isThere(library.server, beans, classes));
        return serves ? Work.SERVERS : Work.CLIENTS;
    }

    private static boolean isThere(String type, ListableBeanFactory beans, @Nullable ClassLoader classes) {
        return ClassUtils.isPresent(type, classes) && BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans,
                ClassUtils.resolveClassName(type, classes), true, false).length > 0;
    }

    /** @param server the type of the bean that makes its server */
    private record Library(String server, Predicate<LibrariesConfig> onShards) {}
}
