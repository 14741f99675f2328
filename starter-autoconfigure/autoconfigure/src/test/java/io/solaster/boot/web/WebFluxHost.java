package io.solaster.boot.web;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterReactorAutoConfiguration;
import io.solaster.boot.netty.SolasterReactorNettyAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.spring.web.SolasterReactiveWebServerFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.http.codec.autoconfigure.CodecsAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.reactor.autoconfigure.ReactorAutoConfiguration;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.error.ErrorWebFluxAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.MediaType;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/**
 * A small WebFlux application in a process of its own, as {@code http.sh --only webflux} starts it: {@code WebFluxHost
 * server port transport}. Server is {@code reactor-netty}, with one event loop of its own; {@code shards}, Reactor Netty
 * on the shards; or {@code solaster}. The application is the same for all. Ends with its standard input.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterReactorAutoConfiguration.class,
        SolasterWebAutoConfiguration.class, SolasterReactorNettyAutoConfiguration.class, ReactorAutoConfiguration.class,
        JacksonAutoConfiguration.class, CodecsAutoConfiguration.class, NettyReactiveWebServerAutoConfiguration.class,
        HttpHandlerAutoConfiguration.class, WebFluxAutoConfiguration.class, ErrorWebFluxAutoConfiguration.class})
class WebFluxHost {
    private static final Map<String, Map<String, Object>> SERVERS = Map.of("reactor-netty",
            Map.of("solaster.enabled", false), "shards", Map.of("solaster.web.server", "none"), "solaster",
            Map.of("solaster.web.server", "solaster"));

    /** The class of the channel that Reactor Netty listens by, which it tells of soon after it has bound it. */
    private static volatile CompletableFuture<String> listener = new CompletableFuture<>();

    /** What the other servers' JSON is made of, too. */
    record Item(int id, String name, boolean available) {}

    @RestController
    static class Controller {
        private int id;

        @GetMapping(path = "/plaintext", produces = MediaType.TEXT_PLAIN_VALUE)
        Mono<String> plaintext() {
            return Mono.just("Hello, World!");
        }

        @GetMapping("/json")
        Mono<Item> json() {
            return Mono.just(new Item(id++, "item", true));
        }

        @GetMapping("/users/{id}")
        String user(@PathVariable String id) {
            return id;
        }
    }

    /** One event loop over the transport that is asked for: Reactor Netty's own choice is io_uring wherever that is. */
    private static final class OneLoop implements LoopResources {
        private final EventLoopGroup loop;
        private final Class<? extends ServerChannel> server;

        OneLoop(String transport) {
            boolean ring = transport.equals("io_uring");
            boolean epoll = transport.equals("epoll");
            loop = new MultiThreadIoEventLoopGroup(1, ring
                    ? IoUringIoHandler.newFactory()
                    : epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
            server = ring
                    ? IoUringServerSocketChannel.class
                    : epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        }

        @Override
        public EventLoopGroup onServer(boolean useNative) {
            return loop;
        }

        @Override
        @SuppressWarnings("unchecked") // only servers are made
        public <C extends Channel> Class<? extends C> onChannelClass(Class<C> kind, EventLoopGroup group) {
            return (Class<? extends C>) server;
        }

        @Override
        public <C extends Channel> C onChannel(Class<C> kind, EventLoopGroup group) {
            return new ReflectiveChannelFactory<C>(onChannelClass(kind, group)).newChannel();
        }
    }

    /**
     * Starts the application.
     *
     * @param name one of {@link #SERVERS}
     * @param transport as {@code solaster.engine.transport} has it
     */
    static ConfigurableApplicationContext start(String name, int port, String transport) {
        Map<String, Object> properties = SERVERS.get(name);
        if (properties == null) {
            throw new IllegalArgumentException("'" + name + "': want one of " + SERVERS.keySet());
        }
        CompletableFuture<String> bound = new CompletableFuture<>();
        listener = bound;
        return new SpringApplicationBuilder(WebFluxHost.class).web(WebApplicationType.REACTIVE)
                .initializers((GenericApplicationContext context) -> {
                    if (name.equals("reactor-netty")) {
                        context.registerBean(ReactorResourceFactory.class, () -> on(new OneLoop(transport)));
                    }
                    context.registerBean(NettyServerCustomizer.class, () -> netty -> netty
                            .doOnBound(server -> bound.complete(server.channel().getClass().getSimpleName())));
                }).properties(properties)
                .properties("server.address=127.0.0.1", "server.port=" + port, "solaster.engine.shards=1",
                        "solaster.engine.pinning=never", "solaster.engine.transport=" + transport,
                        "spring.main.banner-mode=off", "logging.level.root=warn", "spring.jmx.enabled=false")
                .run();
    }

    /** Spring Boot puts these loops over what a customizer lets a server run on. */
    private static ReactorResourceFactory on(LoopResources loops) {
        ReactorResourceFactory resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        resources.setLoopResources(loops);
        return resources;
    }

    /** What it has come to listen by, which need not be what was asked for. */
    static String transport(ApplicationContext application) {
        if (application.getBeanProvider(SolasterReactiveWebServerFactory.class).getIfAvailable() != null) {
            return TransportChoice.label(application.getBean(Engine.class).transport().kind());
        }
        String channel = listener.orTimeout(1, TimeUnit.MINUTES).join();
        return channel.startsWith("Epoll") ? "epoll" : channel.startsWith("IoUring") ? "io_uring" : "nio";
    }

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        ApplicationContext application = start(args[0], Integer.parseInt(args[1]), args[2]);
        System.out.println("ready on " + transport(application));
        while (System.in.read() >= 0) {
            // Nothing is asked of it.
        }
        System.exit(0);
    }
}
