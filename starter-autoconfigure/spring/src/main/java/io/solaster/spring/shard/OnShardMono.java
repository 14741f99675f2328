package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

import org.aopalliance.intercept.MethodInvocation;
import org.springframework.aop.ProxyMethodInvocation;
import reactor.core.publisher.Mono;

/** Routed calls that return a {@code Mono}: the call is made for each subscriber. Loaded only where Reactor is there. */
final class OnShardMono {
    private OnShardMono() {}

    static boolean isReturnedBy(Method method) {
        return method.getReturnType() == Mono.class;
    }

    static CompletionStage<?> future(Object mono) {
        return ((Mono<?>) mono).toFuture();
    }

    @SuppressWarnings("unchecked") // the method returns it
    static Mono<Object> of(OnShardRoute route, MethodInvocation call) {
        return Mono.deferContextual(context -> {
            MethodInvocation own = call instanceof ProxyMethodInvocation proxied ? proxied.invocableClone() : call;
            int owner = route.owner(own);
            return Mono.fromFuture(() -> route.engine().submitStageTo(owner, route.options(),
                    () -> ((Mono<Object>) Objects.requireNonNull(OnShardRoute.proceed(own)))
                            .contextWrite(context).toFuture()));
        });
    }
}
