package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.spring.OnShard;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.util.ClassUtils;

/** The way of one method's calls to the shards that own their keys. Any thread. */
final class OnShardRoute {
    static final boolean REACTOR = ClassUtils.isPresent("reactor.core.publisher.Mono",
            OnShardRoute.class.getClassLoader());

    private final Engine engine;
    private final CallKey key;
    private final CallOptions options;
    private final boolean mono;

    /** @throws IllegalStateException naming the method, if its calls cannot be routed */
    OnShardRoute(Engine engine, Method method, OnShard annotation, AnnotationText text) {
        this.engine = engine;
        Class<?> returned = method.getReturnType();
        this.mono = REACTOR && OnShardMono.isReturnedBy(method);
        if (!mono && returned != CompletionStage.class && returned != CompletableFuture.class) {
            throw new IllegalStateException("@OnShard: " + CallKey.describe(method) + " returns "
                    + returned.getSimpleName()
                    + ", but the answer comes later; return CompletionStage, CompletableFuture"
                    + " or Mono");
        }
        int modifiers = method.getModifiers();
        if (Modifier.isPrivate(modifiers) || Modifier.isStatic(modifiers) || Modifier.isFinal(modifiers)) {
            throw new IllegalStateException("@OnShard: " + CallKey.describe(method)
                    + " is private, static or final, and a proxy cannot route it; make it a public method");
        }
        this.key = new CallKey(method, annotation.key());
        Duration timeout = text.duration(annotation.timeout());
        this.options = new CallOptions(text.group(engine, annotation.group()), timeout);
    }

    Object call(MethodInvocation call) {
        // Who calls goes on; the invocation is the shard's from here.
        MethodInvocation later = call instanceof ProxyMethodInvocation proxied ? proxied.invocableClone() : call;
        if (mono) {
            return OnShardMono.of(this, later);
        }
        try {
            return send(later);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @SuppressWarnings("unchecked") // the method returns it
    private CompletableFuture<@Nullable Object> send(MethodInvocation call) {
        return engine.submitStageTo(owner(call), options, () -> (CompletionStage<@Nullable Object>) proceed(call));
    }

    Engine engine() {
        return engine;
    }

    CallOptions options() {
        return options;
    }

    int owner(MethodInvocation call) {
        return engine.shardOf(key.of(call.getThis(), call.getArguments()));
    }

    static @Nullable Object proceed(MethodInvocation call) throws Exception {
        try {
            return call.proceed();
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new UndeclaredThrowableException(e);
        }
    }
}
