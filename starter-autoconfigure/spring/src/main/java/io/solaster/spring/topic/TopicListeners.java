package io.solaster.spring.topic;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import io.micrometer.observation.ObservationRegistry;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.TopicListener;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.shard.AnnotatedMethods;
import io.solaster.streams.Streams;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.messaging.converter.MessageConverter;

/**
 * Finds {@link TopicListener} methods, and has them take entries while the context runs: from when its servers are bound, until
 * before they drain. What is under way then ends within {@code solaster.engine.shutdown-timeout}. While a context is paused they
 * take nothing.
 */
public final class TopicListeners implements BeanPostProcessor, SmartInitializingSingleton, SmartLifecycle {
    /** After the servers have started, and before they stop. */
    public static final int PHASE = ServerLifecycle.PHASE + 512;

    private static final Logger log = LoggerFactory.getLogger(TopicListeners.class);

    private final ConfigurableListableBeanFactory beanFactory;
    private final Supplier<Needs> source;
    private @Nullable Needs needs;
    private final AnnotatedMethods<TopicListener> annotated = new AnnotatedMethods<>(TopicListener.class);
    /** By bean and method. */
    private final Map<String, ListenerMethod> methods = new LinkedHashMap<>();
    private final List<Consumer<Supplier<Count>>> told = new ArrayList<>();
    /** Found before all beans are there: topics are opened then, on a thread that may wait. Null from then on. */
    private @Nullable List<Found> early = new ArrayList<>();
    private volatile boolean running;

    /**
     * What listeners work with.
     *
     * @param observations null where the application has none
     */
    public record Needs(Engine engine, Streams streams, MessageConverter converter,
            @Nullable ObservationRegistry observations) {}

    /** Looks for what it needs once there is a listener: this bean is there before all others. */
    public TopicListeners(ConfigurableListableBeanFactory beanFactory, Supplier<Needs> source) {
        this.beanFactory = beanFactory;
        this.source = source;
    }

    /** What a listener has done so far: entries taken and acknowledged, attempts that failed, entries that became dead letters, of all shards. */
    public record Count(String method, String topic, String group, long taken, long acknowledged, long failures,
            long deadLetters, long underWay) {}

    /** Of each listener. Any thread. */
    public List<Count> counts() {
        return all().stream().map(ListenerMethod::count).toList();
    }

    private List<ListenerMethod> all() {
        synchronized (methods) {
            return new ArrayList<>(methods.values());
        }
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof ScopedObject) {
            return bean;
        }
        Map<Method, TopicListener> found = annotated.of(AopUtils.getTargetClass(bean));
        if (!found.isEmpty()) {
            Shard own = annotated.shardOf(bean, name, beanFactory, "which one takes the entries");
            found.forEach((method, annotation) -> add(new Found(bean, name, method, annotation, own)));
        }
        return bean;
    }

    private void add(Found found) {
        synchronized (methods) {
            List<Found> waiting = early;
            if (waiting != null) {
                waiting.add(found);
                return;
            }
            Needs known = needs();
            String key = found.name + " " + found.method;
            ListenerMethod listener = methods.get(key);
            if (listener == null) {
                ListenerMethod made = new ListenerMethod(
                        ListenerPlan.of(found.method, found.annotation, beanFactory, known), known);
                methods.put(key, made);
                told.forEach(each -> each.accept(made.counts));
                listener = made;
            }
            listener.of(found.bean, found.own);
            if (running) {
                listener.start();
            }
        }
    }

    private Needs needs() {
        Needs known = needs;
        if (known == null) {
            known = source.get();
            needs = known;
        }
        return known;
    }

    /** @throws IllegalStateException naming the method and what is wrong with it, such as a topic that there is not */
    @Override
    public void afterSingletonsInstantiated() {
        synchronized (methods) {
            List<Found> waiting = early;
            early = null;
            if (waiting != null) {
                waiting.forEach(this::add);
            }
        }
    }

    /**
     * Told of what each listener has done, for those that there are and that there will be, once each. Any thread.
     *
     * @param listener on the thread that makes the bean, with a lock held: it should be quick
     */
    public void onListener(Consumer<Supplier<Count>> listener) {
        synchronized (methods) {
            methods.values().forEach(method -> listener.accept(method.counts));
            told.add(listener);
        }
    }

    @Override
    public void start() {
        synchronized (methods) {
            if (running) {
                return;
            }
            Collection<ListenerMethod> started = new ArrayList<>();
            try {
                methods.values().forEach(method -> {
                    method.start();
                    started.add(method);
                });
            } catch (RuntimeException | Error e) {
                started.forEach(ListenerMethod::leave);
                throw e;
            }
            running = true;
        }
        if (!methods.isEmpty()) {
            log.info("{} topic listener(s): {}", methods.size(), all());
        }
    }

    /** Stops, and waits for what is under way. */
    @Override
    public void stop() {
        try {
            end().get();
        } catch (ExecutionException e) {
            log.warn("Topic listeners have not all ended", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes no more entries, and waits for what is under way. Returns at once. */
    @Override
    public void stop(Runnable callback) {
        end().whenComplete((ended, failure) -> callback.run());
    }

    private CompletableFuture<?> end() {
        List<ListenerMethod> ending = all();
        Needs known;
        synchronized (methods) {
            known = needs;
        }
        if (!running || known == null) {
            running = false;
            return CompletableFuture.completedFuture(null);
        }
        long patience = known.engine().config().shutdownTimeout().toMillis();
        return each(ending, ListenerMethod::end, patience).handle((ended, failure) -> {
            if (failure instanceof TimeoutException) {
                log.warn("Topic listeners had not ended after {} ms and are interrupted; what they had under way is"
                        + " delivered again: {}", patience,
                        counts().stream().filter(count -> count.underWay() > 0).map(Count::method).toList());
                ending.forEach(ListenerMethod::interrupt);
            } else if (failure != null) {
                log.warn("Topic listeners have not all ended", failure);
            }
            return true;
        }).thenCompose(ended -> each(ending, ListenerMethod::leave, patience)).handle((left, failure) -> {
            if (failure != null) {
                log.warn("Topic listeners have not all left their groups", failure);
            }
            running = false;
            return true;
        });
    }

    private static CompletableFuture<?> each(List<ListenerMethod> methods,
            Function<ListenerMethod, CompletableFuture<?>> call, long patience) {
        return CompletableFuture.allOf(methods.stream().map(call).toArray(CompletableFuture<?>[]::new))
                .orTimeout(patience, TimeUnit.MILLISECONDS);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    private record Found(Object bean, String name, Method method, TopicListener annotation, @Nullable Shard own) {}
}
