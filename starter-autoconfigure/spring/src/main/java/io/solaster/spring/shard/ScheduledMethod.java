package io.solaster.spring.shard;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.Timer;
import io.solaster.spring.ShardScheduled;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.ReflectionUtils;

/** One {@link ShardScheduled} method of one bean on one shard. On that shard, unless a method says otherwise. */
final class ScheduledMethod {
    private static final Logger log = LoggerFactory.getLogger(ScheduledMethod.class);
    private static final long SAME_CAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** What the annotation says. */
    record Plan(String name, Method method, @Nullable Duration rate, Duration delay, Duration initialDelay,
            SchedulingGroup group, @Nullable CpuSet shards, boolean fork) {

        boolean isFor(Shard shard) {
            return shards == null || shards.contains(shard.id());
        }
    }

    private final Plan plan;
    private final Object bean;
    private final Method method;
    private final Shard shard;
    private final Counter runs = new Counter();
    private final Counter failures = new Counter();
    private @Nullable Timer timer;
    private @Nullable CompletionStage<?> underWay;
    private @Nullable Fork<?> fork;
    private String lastCause = "";
    private long lastToldNanos;
    private long untold;

    ScheduledMethod(Plan plan, Object bean, Shard shard) {
        this.plan = plan;
        this.bean = bean;
        this.shard = shard;
        this.method = AopUtils.selectInvocableMethod(plan.method, bean.getClass());
        ReflectionUtils.makeAccessible(method);
    }

    /** @throws IllegalStateException naming the method, if it cannot be run so */
    static Plan plan(Engine engine, Method method, ShardScheduled annotation,
            ConfigurableListableBeanFactory beanFactory) {
        String name = CallKey.describe(method);
        String where = "@ShardScheduled: " + name;
        AnnotationText text = new AnnotationText(beanFactory, where);
        Duration rate = text.duration(annotation.fixedRate());
        Duration delay = text.duration(annotation.fixedDelay());
        if ((rate == null) == (delay == null)) {
            throw new IllegalStateException(where + ": give either fixedRate or fixedDelay");
        }
        Duration period = rate != null ? rate : Objects.requireNonNull(delay);
        if (!period.isPositive()) {
            throw new IllegalStateException(where + ": " + period + " is no period; give more than 0");
        }
        Class<?>[] parameters = method.getParameterTypes();
        if (parameters.length > 1 || parameters.length == 1 && parameters[0] != Shard.class) {
            throw new IllegalStateException(where + " must take nothing, or the Shard");
        }
        Class<?> returned = method.getReturnType();
        if (returned != void.class && !CompletionStage.class.isAssignableFrom(returned)
                && !(OnShardRoute.REACTOR && OnShardMono.isReturnedBy(method))) {
            throw new IllegalStateException(where + " returns " + returned.getSimpleName()
                    + ", which nobody would see; return void, CompletionStage or Mono");
        }
        Duration initialDelay = text.duration(annotation.initialDelay());
        SchedulingGroup group = text.group(engine, annotation.group());
        String shards = text.resolved(annotation.shards());
        try {
            return new Plan(name, method, rate, period, initialDelay == null ? Duration.ZERO : initialDelay,
                    group == null ? engine.groups().byDefault() : group, shards.isEmpty() ? null : CpuSet.parse(shards),
                    annotation.fork());
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(where + ": '" + shards + "' names no shards; write 0 or 0-3,8");
        }
    }

    /** Any thread. */
    Shard shard() {
        return shard;
    }

    /** Whether it is of a bean, or of a proxy before that. Any thread. */
    @SuppressWarnings("ReferenceEquality") // equal beans are two
    boolean isOf(Object other) {
        return bean == other || AopProxyUtils.getSingletonTarget(bean) == other;
    }

    /** Any thread. */
    ShardSchedules.Count count() {
        return new ShardSchedules.Count(plan.name, shard.id(), runs.get(), failures.get());
    }

    /** Any thread. */
    void begin() {
        shard.execute(plan.group, this::arm);
    }

    private void arm() {
        Timer armed = timer;
        if (armed == null) {
            armed = shard.timers().timer(this::fire);
            timer = armed;
        }
        if (armed.isArmed()) {
            return;
        }
        if (plan.rate != null) {
            armed.armAtFixedRate(plan.initialDelay, plan.rate);
        } else {
            armed.arm(plan.initialDelay);
        }
    }

    /** Begins no more; completes when what is under way has ended. */
    CompletionStage<Boolean> end() {
        Timer armed = timer;
        timer = null;
        if (armed != null) {
            armed.cancel();
        }
        if (fork != null) {
            fork.cancel();
        }
        return underWay == null
                ? CompletableFuture.completedFuture(true)
                : underWay.handle((result, failure) -> true);
    }

    private void fire() {
        if (underWay != null) {
            return;
        }
        runs.increment();
        CompletionStage<?> stage = null;
        try {
            if (plan.fork) {
                fork = shard.fork(plan.group, this::callAndWait);
                stage = fork.future();
            } else {
                stage = stage(call());
            }
        } catch (Throwable e) {
            failed(e);
        }
        if (stage == null) {
            rest();
        } else {
            underWay = stage;
            stage.whenComplete((result, failure) -> here(() -> ended(failure)));
        }
    }

    private void here(Runnable end) {
        if (Shard.current() == shard) {
            end.run();
        } else {
            shard.executeOrElse(() -> shard.execute(plan.group, end), () -> {});
        }
    }

    private void ended(@Nullable Throwable failure) {
        underWay = null;
        fork = null;
        if (failure != null) {
            failed(failure instanceof CompletionException && failure.getCause() != null
                    ? failure.getCause()
                    : failure);
        }
        rest();
    }

    /** Until the next time; a fixed rate goes on by itself. */
    private void rest() {
        if (timer != null && plan.rate == null) {
            timer.arm(plan.delay);
        }
    }

    private @Nullable Object callAndWait() throws Exception {
        CompletionStage<?> stage = stage(call());
        return stage == null ? null : stage.toCompletableFuture().get();
    }

    private static @Nullable CompletionStage<?> stage(@Nullable Object result) {
        return result == null || result instanceof CompletionStage
                ? (CompletionStage<?>) result
                : OnShardMono.future(result);
    }

    private @Nullable Object call() throws Exception {
        try {
            return method.getParameterCount() == 0 ? method.invoke(bean) : method.invoke(bean, shard);
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case Exception thrown -> throw thrown;
                case Error thrown -> throw thrown;
                case null, default -> throw e;
            }
        }
    }

    private void failed(Throwable failure) {
        if (timer == null && (failure instanceof InterruptedException || failure instanceof CancellationException)) {
            return;
        }
        failures.increment();
        StackTraceElement[] stack = failure.getStackTrace();
        String cause = failure.getClass().getName() + (stack.length == 0 ? "" : stack[0]);
        long now = System.nanoTime();
        if (cause.equals(lastCause) && now - lastToldNanos < SAME_CAUSE_NANOS) {
            untold++;
            return;
        }
        log.error("{} failed on shard {}, and goes on at its next time{}", plan.name, shard.id(),
                untold == 0 ? "" : "; " + untold + " failures before were not told", failure);
        lastCause = cause;
        lastToldNanos = now;
        untold = 0;
    }
}
