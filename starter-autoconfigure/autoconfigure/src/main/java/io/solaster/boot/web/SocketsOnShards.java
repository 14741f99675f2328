package io.solaster.boot.web;

import io.solaster.spring.web.ShardRequestUpgradeStrategy;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.ClassUtils;
import org.springframework.web.reactive.socket.server.RequestUpgradeStrategy;
import org.springframework.web.reactive.socket.server.WebSocketService;
import org.springframework.web.reactive.socket.server.support.HandshakeWebSocketService;
import org.springframework.web.reactive.socket.server.support.WebSocketHandlerAdapter;

/**
 * Has Spring's WebSockets upgraded by the server that has the request. Spring chooses by what is on the class path, where
 * Reactor Netty is too, for clients; an application that says nothing, or what all tutorials say, gets ours instead. What
 * it has made itself stays.
 */
final class SocketsOnShards implements BeanPostProcessor {
    private static final String SPRINGS_OWN = ClassUtils.getPackageName(RequestUpgradeStrategy.class) + ".upgrade";
    private static final String NONE = "NoUpgradeStrategyWebSocketService";

    private final ObjectProvider<ShardRequestUpgradeStrategy> ours;

    SocketsOnShards(ObjectProvider<ShardRequestUpgradeStrategy> ours) {
        this.ours = ours;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (bean.getClass() == HandshakeWebSocketService.class) {
            return replace((HandshakeWebSocketService) bean);
        }
        if (bean.getClass() == WebSocketHandlerAdapter.class) {
            WebSocketHandlerAdapter adapter = (WebSocketHandlerAdapter) bean;
            WebSocketService service = adapter.getWebSocketService();
            WebSocketService replaced = replace(service);
            if (!replaced.equals(service)) {
                WebSocketHandlerAdapter other = new WebSocketHandlerAdapter(replaced);
                other.setOrder(adapter.getOrder());
                return other;
            }
        }
        return bean;
    }

    private WebSocketService replace(WebSocketService service) {
        if (service.getClass().getSimpleName().equals(NONE)) {
            return new HandshakeWebSocketService(ours.getObject());
        }
        if (service.getClass() != HandshakeWebSocketService.class) {
            return service;
        }
        HandshakeWebSocketService springs = (HandshakeWebSocketService) service;
        if (!ClassUtils.getPackageName(springs.getUpgradeStrategy().getClass()).equals(SPRINGS_OWN)) {
            return springs;
        }
        HandshakeWebSocketService other = new HandshakeWebSocketService(ours.getObject());
        other.setSessionAttributePredicate(springs.getSessionAttributePredicate());
        return other;
    }
}
