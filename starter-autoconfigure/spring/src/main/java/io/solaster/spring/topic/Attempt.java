package io.solaster.spring.topic;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import io.micrometer.observation.Observation;
import io.solaster.engine.Fork;
import io.solaster.engine.timer.Timer;
import io.solaster.streams.Delivery;
import org.jspecify.annotations.Nullable;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;

/**
 * One call of a listener with one entry, until that is acknowledged, handed back, or left for another member. On its shard. The
 * topic counts the attempts and waits between them, so that what comes after in an order waits too.
 */
final class Attempt {
    private final ListenerShard listener;
    private final Delivery delivery;
    private final InvocableHandlerMethod method;
    private final ListenerPlan plan;
    private @Nullable Fork<?> fork;
    private @Nullable Timer timer;
    private boolean late;
    /** How often the dead-letter topic has not taken it. */
    private int refusals;

    Attempt(ListenerShard listener, Delivery delivery, InvocableHandlerMethod method) {
        this.listener = listener;
        this.delivery = delivery;
        this.method = method;
        this.plan = listener.plan;
    }

    void begin() {
        Fork<?> begun;
        try {
            begun = listener.shard.fork(plan.schedulingGroup(), this::call);
        } catch (RuntimeException e) {
            // No room for another fork, or no forks at all: later, or never.
            ended(e);
            return;
        }
        fork = begun;
        Duration timeout = plan.timeout();
        if (timeout != null) {
            arm(timeout, () -> {
                late = true;
                begun.cancel();
            });
        }
        begun.future().whenComplete((result, failure) -> listener.shard.hereOrElse(() -> ended(failure), () -> {}));
    }

    private void arm(Duration delay, Runnable action) {
        Timer armed = listener.shard.timers().timer(action);
        armed.arm(delay);
        timer = armed;
    }

    private void disarm() {
        Timer armed = timer;
        timer = null;
        if (armed != null) {
            armed.cancel();
        }
    }

    /** In the fork. */
    private @Nullable Object call() throws Exception {
        Map<String, byte[]> headers = delivery.headers().toMap();
        Observation observation = TopicObservation.process(listener.needs.observations(), plan, headers);
        observation.start();
        try (Observation.Scope _ = observation.openScope()) {
            Message<byte[]> message = TopicMessages.message(delivery.key(), headers, delivery.value(), added());
            Object result = method.invoke(message);
            return result == null ? null : Results.stage(result).toCompletableFuture().get();
        } catch (Throwable e) {
            Throwable cause = cause(e);
            observation.error(cause);
            throw cause instanceof Exception thrown
                    ? thrown
                    : e instanceof Exception thrown
                            ? thrown
                            : new IllegalStateException(e);
        } finally {
            observation.stop();
        }
    }

    private Map<String, Object> added() {
        Map<String, Object> headers = new HashMap<>();
        headers.put(TopicHeaders.RECEIVED_TOPIC, plan.topic());
        headers.put(TopicHeaders.RECEIVED_PARTITION, delivery.id().partition());
        headers.put(TopicHeaders.SEQUENCE, delivery.id().sequence());
        headers.put(TopicHeaders.RECEIVED_TIME, delivery.time());
        headers.put(TopicHeaders.GROUP, plan.group());
        headers.put(TopicHeaders.ATTEMPT, delivery.attempt());
        headers.put(TopicHeaders.SHARD, delivery.shard());
        return headers;
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException || failure instanceof ExecutionException
                ? Objects.requireNonNullElse(failure.getCause(), failure)
                : failure;
    }

    private void ended(@Nullable Throwable failure) {
        fork = null;
        disarm();
        if (failure == null) {
            acknowledge();
            return;
        }
        if (listener.isClosed()) {
            // Interrupted, or failed at the end: it is the group's next member's, with all its attempts.
            listener.gone(this);
            return;
        }
        Throwable why = late ? new TimeoutException("it took longer than " + plan.timeout()) : cause(failure);
        listener.failed(delivery, why);
        if (plan.deadLetter() != null && delivery.attempt() >= plan.attempts()) {
            bury(why);
        } else {
            delivery.nack();
            listener.gone(this);
        }
    }

    private void acknowledge() {
        listener.acknowledged.increment();
        var ignored = delivery.ack();
        listener.gone(this);
    }

    private void bury(Throwable why) {
        CompletionStage<?> published;
        try {
            published = listener.bury(delivery, why);
        } catch (RuntimeException e) {
            notBuried(why, e);
            return;
        }
        published.whenComplete((at, failure) -> listener.shard.hereOrElse(() -> {
            if (failure == null) {
                listener.deadLetters.increment();
                acknowledge();
            } else {
                notBuried(why, cause(failure));
            }
        }, () -> {}));
    }

    /** It is kept until the dead-letter topic takes it, and not called again. */
    private void notBuried(Throwable why, Throwable failure) {
        listener.failed(delivery, new IllegalStateException("the dead-letter topic '" + plan.deadLetter()
                + "' has not taken it", failure));
        if (listener.isClosed()) {
            listener.gone(this);
            return;
        }
        long nanos = plan.backOff().toNanos();
        long longest = plan.maxBackOff().toNanos();
        for (int i = 0; i < refusals && nanos < longest; i++) {
            nanos *= 2;
        }
        refusals++;
        arm(Duration.ofNanos(Math.min(nanos, longest)), () -> {
            timer = null;
            bury(why);
        });
    }

    /** Waits for nothing any more. */
    void end() {
        if (fork == null && timer != null) {
            disarm();
            listener.gone(this);
        }
    }

    void interrupt() {
        Fork<?> underWay = fork;
        if (underWay != null) {
            underWay.cancel();
        }
    }
}
