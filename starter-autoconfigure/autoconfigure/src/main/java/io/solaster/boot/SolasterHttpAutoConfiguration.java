package io.solaster.boot;

import java.util.List;
import java.util.Objects;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.engine.Engine;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpHandler;
import io.solaster.http.TracedHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSockets;
import io.solaster.spring.HttpServerListener;
import io.solaster.spring.ServerProtocol;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** 'http' as a protocol that servers may speak, and WebSocket beside it. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(HttpProtocol.class)
@ConditionalOnBean(Engine.class)
public final class SolasterHttpAutoConfiguration {

    /** By name and not by type: other protocols stand beside it. */
    @Bean
    @ConditionalOnMissingBean(name = "httpServerProtocol")
    ServerProtocol httpServerProtocol(ListableBeanFactory beans, ObjectProvider<HttpHandler> handlers,
            ObjectProvider<HttpServerListener> listeners) {
        return ServerProtocol.of("http", (name, server) -> {
            HttpHandler handler = handlerOf(name, beans, handlers);
            HttpProtocol protocol = new HttpProtocol(new TracedHandler(handler), server, listeners.orderedStream()
                    .map(each -> each.of(name, handler)).filter(Objects::nonNull).reduce(ExchangeListener::both)
                    .orElse(null));
            listeners.orderedStream().forEach(each -> each.serves(name, protocol));
            return protocol;
        });
    }

    /** WebSocket for the handlers of all HTTP servers; each server's connections go by its own limits. */
    @Bean
    @ConditionalOnMissingBean
    WebSockets solasterWebSockets(Engine engine) {
        return WebSockets.on(engine);
    }

    /** The handler that bears the server's name, or else the only one there is. */
    private static HttpHandler handlerOf(String server, ListableBeanFactory beans,
            ObjectProvider<HttpHandler> handlers) {
        if (beans.containsBean(server) && beans.isTypeMatch(server, HttpHandler.class)) {
            return beans.getBean(server, HttpHandler.class);
        }
        HttpHandler only = handlers.getIfUnique();
        if (only == null) {
            String[] names = beans.getBeanNamesForType(HttpHandler.class);
            throw new InvalidConfigException(List.of(new Violation("solaster.servers." + server + ".protocol", "http",
                    names.length == 0
                            ? "there is no bean of type HttpHandler to answer the requests"
                            : "of the beans of type HttpHandler (" + String.join(", ", names) + ") none is named '"
                                    + server + "'",
                    "define a Router or another HttpHandler as a bean named '" + server + "'")));
        }
        return only;
    }
}
