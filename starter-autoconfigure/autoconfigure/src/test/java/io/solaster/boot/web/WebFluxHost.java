package io.solaster.boot.web;

import java.io.IOException;
import java.util.Map;

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
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.MediaType;
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

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        Map<String, Object> server = SERVERS.get(args[0]);
        if (server == null) {
            throw new IllegalArgumentException("'" + args[0] + "': want one of " + SERVERS.keySet());
        }
        System.setProperty("reactor.netty.ioWorkerCount", "1");
        new SpringApplicationBuilder(WebFluxHost.class).web(WebApplicationType.REACTIVE)
                .initializers((GenericApplicationContext context) -> {
                    if (args[0].equals("reactor-netty")) {
                        context.registerBean(NettyServerCustomizer.class, () -> netty -> netty
                                .runOn(new OneLoop(args[2])));
                    }
                }).properties(server)
                .properties("server.address=127.0.0.1", "server.port=" + args[1], "solaster.engine.shards=1",
                        "solaster.engine.pinning=never", "solaster.engine.transport=" + args[2],
                        "spring.main.banner-mode=off", "logging.level.root=warn", "spring.jmx.enabled=false")
                .run();
        System.out.println("ready on " + args[2]);
        while (System.in.read() >= 0) {
            // Nothing is asked of it.
        }
        System.exit(0);
    }
}
