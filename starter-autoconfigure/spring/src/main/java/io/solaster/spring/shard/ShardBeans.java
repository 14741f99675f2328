package io.solaster.spring.shard;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.OffShardException;
import io.solaster.spring.ShardScope;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.BeanCreationNotAllowedException;
import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.Scope;
import org.springframework.context.SmartLifecycle;

/**
 * The scope of {@link ShardScope} in one application context: makes the instances on their shards once all singletons are
 * there, and destroys them after everything else has stopped and before singletons are destroyed. On a context's restart
 * they are made anew; while it is paused they stay.
 */
public final class ShardBeans implements Scope, SmartInitializingSingleton, SmartLifecycle {
    /** First to start and last to stop, so that servers may call these beans to their end. */
    public static final int PHASE = Integer.MIN_VALUE;

    private static final Logger log = LoggerFactory.getLogger(ShardBeans.class);

    private final ConfigurableListableBeanFactory beanFactory;
    /** By shard, each touched on its shard only; null before all singletons are there. */
    private volatile ShardInstances @Nullable [] instances;
    private volatile boolean running;
    private volatile @Nullable Engine engine;

    /** Looks for the engine only when it is wanted: this bean is there before all others. */
    public ShardBeans(ConfigurableListableBeanFactory beanFactory) {
        this.beanFactory = beanFactory;
    }

    /** The engine whose shards have the beans. */
    Engine engine() {
        Engine found = engine;
        if (found == null) {
            found = beanFactory.getBean(Engine.class);
            engine = found;
        }
        return found;
    }

    @Override
    public void afterSingletonsInstantiated() {
        start();
    }

    /** Makes an instance of each bean on each shard, and waits for them. Not on a shard. */
    @Override
    public synchronized void start() {
        if (running) {
            return;
        }
        Engine engine = engine();
        makeProxies();
        ShardInstances[] made = engine.shards().stream().map(shard -> new ShardInstances(beanFactory, shard))
                .toArray(ShardInstances[]::new);
        instances = made;
        running = true;
        try {
            // Should somebody close the engine before the context, it ends them.
            engine.sharded(shard -> made[shard.id()].makeAll());
        } catch (RuntimeException | Error e) {
            running = false;
            throw e;
        }
    }

    /** Spring would make them when they are first injected: what is wrong with one is to show at the start. */
    private void makeProxies() {
        for (String name : beanFactory.getBeanDefinitionNames()) {
            if (ShardedBeans.isTarget(name)
                    && ShardScope.NAME.equals(beanFactory.getMergedBeanDefinition(name).getScope())) {
                beanFactory.getBean(originalName(name));
            }
        }
    }

    @Override
    public void stop() {
        try {
            end().get(engine().config().shutdownTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.warn("Beans on shards were not all destroyed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Destroys the instances on their shards. Returns at once. */
    @Override
    public void stop(Runnable callback) {
        end().whenComplete((done, failure) -> {
            if (failure != null) {
                log.warn("Beans on shards were not all destroyed", failure);
            }
            callback.run();
        });
    }

    private CompletableFuture<?> end() {
        ShardInstances[] made = instances;
        if (!running || made == null) {
            return CompletableFuture.completedFuture(null);
        }
        return engine().submitToAll(shard -> {
            made[shard.id()].close();
            return true;
        }).whenComplete((done, failure) -> running = false);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    @Override
    public boolean isPauseable() {
        return false;
    }

    /** The calling shard's instance, made if it is not there. On a shard. */
    @Override
    public Object get(String name, ObjectFactory<?> factory) {
        return here(name).get(name, factory);
    }

    /** As {@link #get}, for {@code Sharded}. */
    Object instance(String name) {
        ShardInstances here = here(name);
        Object instance = here.find(name);
        return instance != null ? instance : beanFactory.getBean(name);
    }

    private ShardInstances here(String name) {
        Shard shard = Shard.current();
        ShardInstances[] made = instances;
        if (made == null) {
            throw new BeanCreationNotAllowedException(originalName(name), "it was called before it is there: beans on"
                    + " shards are made after all singletons; call it from an ApplicationRunner, a SmartLifecycle or an"
                    + " event listener");
        }
        if (shard == null || shard.id() >= made.length || !made[shard.id()].shard().equals(shard)) {
            throw new OffShardException(originalName(name), type(name), Thread.currentThread(), engine().name());
        }
        return made[shard.id()];
    }

    private String type(String name) {
        Class<?> type = beanFactory.getType(name, false);
        return type == null ? "T" : type.getSimpleName();
    }

    static String originalName(String name) {
        return ScopedProxyUtils.isScopedTarget(name) ? ScopedProxyUtils.getOriginalBeanName(name) : name;
    }

    /** Takes the calling shard's instance out, without destroying it. On a shard. */
    @Override
    public @Nullable Object remove(String name) {
        return here(name).remove(name);
    }

    @Override
    public void registerDestructionCallback(String name, Runnable callback) {
        here(name).onDestroy(name, callback);
    }

    /** {@code #{shard.id()}} in a {@code @Value} of such a bean. */
    @Override
    public @Nullable Object resolveContextualObject(String key) {
        return ShardScope.NAME.equals(key) ? Shard.current() : null;
    }

    @Override
    public @Nullable String getConversationId() {
        Shard shard = Shard.current();
        return shard == null ? null : Objects.toString(shard.id());
    }
}
