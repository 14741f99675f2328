package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.ShardScheduled;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.context.SmartLifecycle;

/**
 * Finds {@link ShardScheduled} methods, and has them run from the last phase of the application's start to the first of
 * its end.
 */
public final class ShardSchedules implements DestructionAwareBeanPostProcessor, SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(ShardSchedules.class);

    private final ConfigurableListableBeanFactory beanFactory;
    private final ShardBeans beans;
    private final AnnotatedMethods<ShardScheduled> annotated = new AnnotatedMethods<>(ShardScheduled.class);
    private final Queue<ScheduledMethod> methods = new ConcurrentLinkedQueue<>();
    private final Set<String> names = new LinkedHashSet<>();
    private final List<Consumer<String>> listeners = new ArrayList<>();
    private volatile boolean running;

    /** For the beans of one factory. */
    public ShardSchedules(ConfigurableListableBeanFactory beanFactory, ShardBeans beans) {
        this.beanFactory = beanFactory;
        this.beans = beans;
    }

    /**
     * What has run so far.
     *
     * @param method class and method
     * @param shard the shard's number
     * @param runs how often it has begun
     * @param failures how often it has failed
     */
    public record Count(String method, int shard, long runs, long failures) {}

    /** What each method has done on each shard. Any thread. */
    public List<Count> counts() {
        return methods.stream().map(ScheduledMethod::count).toList();
    }

    /**
     * Told of the name of each method that there is, and that there will be, once. Any thread.
     *
     * @param told on the thread that makes the bean, with a lock held: it should be quick
     */
    public void onMethod(Consumer<String> told) {
        synchronized (names) {
            names.forEach(told);
            listeners.add(told);
        }
    }

    private void tell(String method) {
        synchronized (names) {
            if (names.add(method)) {
                listeners.forEach(listener -> listener.accept(method));
            }
        }
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        Map<Method, ShardScheduled> found = find(bean);
        if (!found.isEmpty()) {
            Shard own = annotated.shardOf(bean, name, beanFactory, "how long to run it");
            found.forEach((method, annotation) -> schedule(bean, method, annotation, own));
        }
        return bean;
    }

    private Map<Method, ShardScheduled> find(Object bean) {
        return bean instanceof ScopedObject ? Map.of() : annotated.of(AopUtils.getTargetClass(bean));
    }

    private void schedule(Object bean, Method method, ShardScheduled annotation, @Nullable Shard own) {
        Engine engine = beans.engine();
        ScheduledMethod.Plan plan = ScheduledMethod.plan(engine, method, annotation, beanFactory);
        for (Shard shard : own == null ? engine.shards() : List.of(own)) {
            if (plan.isFor(shard)) {
                ScheduledMethod scheduled = new ScheduledMethod(plan, bean, shard);
                methods.add(scheduled);
                tell(scheduled.count().method());
                if (running) {
                    scheduled.begin();
                }
            }
        }
    }

    @Override
    public boolean requiresDestruction(Object bean) {
        return !find(bean).isEmpty();
    }

    @Override
    public void postProcessBeforeDestruction(Object bean, String name) {
        Collection<ScheduledMethod> ended = methods.stream().filter(method -> method.isOf(bean)).toList();
        methods.removeAll(ended);
        if (running) {
            ended.forEach(this::end);
        }
    }

    @Override
    public synchronized void start() {
        running = true;
        methods.forEach(ScheduledMethod::begin);
    }

    @Override
    public void stop() {
        try {
            endAll().get(beans.engine().config().shutdownTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.warn("Scheduled methods on shards have not all ended", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Lets no method begin any more, and waits for those under way. Returns at once. */
    @Override
    public void stop(Runnable callback) {
        endAll().whenComplete((ended, failure) -> callback.run());
    }

    private CompletableFuture<?> endAll() {
        return CompletableFuture.allOf(methods.stream().map(this::end).toArray(CompletableFuture<?>[]::new))
                .whenComplete((ended, failure) -> running = false);
    }

    private CompletableFuture<?> end(ScheduledMethod method) {
        return beans.engine().submitStageTo(method.shard().id(), CallOptions.DEFAULTS, method::end);
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
