package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.engine.net.QuietLog;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.Delivery;
import io.solaster.streams.EntryId;
import io.solaster.streams.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;

/** What a listener has under way on one shard. On that shard, unless a method says otherwise. */
final class ListenerShard {
    private static final QuietLog FAILURES = new QuietLog(LoggerFactory.getLogger(TopicListeners.class), Level.WARN);
    private static final int LONGEST_MESSAGE = 1024;
    private static final int MOST_HEADERS = 64;

    final Counter taken = new Counter();
    final Counter acknowledged = new Counter();
    final Counter failures = new Counter();
    final Counter deadLetters = new Counter();
    final Counter underWay = new Counter();
    final ListenerPlan plan;
    final TopicListeners.Needs needs;
    final Shard shard;
    private final Supplier<InvocableHandlerMethod> method;
    private final Set<Attempt> attempts = new HashSet<>();
    private @Nullable CompletableFuture<Boolean> ending;
    private boolean closed = true;

    ListenerShard(ListenerPlan plan, TopicListeners.Needs needs, Shard shard, Supplier<InvocableHandlerMethod> method) {
        this.plan = plan;
        this.needs = needs;
        this.shard = shard;
        this.method = method;
    }

    /** Any thread. Before any delivery, and again after an end. */
    void begin() {
        shard.execute(() -> {
            closed = false;
            ending = null;
        });
    }

    void take(Delivery delivery) {
        if (closed) {
            // It is left unacknowledged, for the group's next member.
            return;
        }
        taken.increment();
        Attempt its = new Attempt(this, delivery, method.get());
        attempts.add(its);
        underWay.increment();
        its.begin();
    }

    /** Takes no more and tries none again; completes when the attempts that are under way have ended. Any thread. */
    CompletableFuture<Boolean> end() {
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        shard.executeOrElse(() -> {
            closed = true;
            ending = ended;
            // A copy: those that wait for their back-off leave at once.
            Set.copyOf(attempts).forEach(Attempt::end);
            settle();
        }, () -> ended.complete(true));
        return ended;
    }

    /** Any thread. */
    void interrupt() {
        shard.executeOrElse(() -> Set.copyOf(attempts).forEach(Attempt::interrupt), () -> {});
    }

    boolean isClosed() {
        return closed;
    }

    void gone(Attempt its) {
        if (attempts.remove(its)) {
            underWay.add(-1);
            settle();
        }
    }

    private void settle() {
        CompletableFuture<Boolean> waits = ending;
        if (waits != null && attempts.isEmpty()) {
            ending = null;
            waits.complete(true);
        }
    }

    void failed(Delivery delivery, Throwable why) {
        failures.increment();
        FAILURES.tell("{} failed: {}", plan.name() + ", attempt " + delivery.attempt() + " of entry " + delivery.id()
                + " of topic '" + plan.topic() + "'", why.toString(), why);
    }

    /** Publishes it to the dead-letter topic: where it was and what it failed with, beside what it was. */
    CompletableFuture<EntryId> bury(Delivery delivery, Throwable why) {
        Map<String, byte[]> headers = new LinkedHashMap<>(delivery.headers().toMap());
        String message = Objects.requireNonNullElse(why.getMessage(), "");
        Map<String, String> more = Map.of(TopicHeaders.DEAD_TOPIC, plan.topic(), TopicHeaders.DEAD_GROUP, plan.group(),
                TopicHeaders.DEAD_PARTITION, Integer.toString(delivery.id().partition()),
                TopicHeaders.DEAD_SEQUENCE, Long.toString(delivery.id().sequence()),
                TopicHeaders.DEAD_EXCEPTION, why.getClass().getName(), TopicHeaders.DEAD_MESSAGE,
                message.substring(0, Math.min(message.length(), LONGEST_MESSAGE)));
        more.forEach((name, text) -> headers.put(name, text.getBytes(UTF_8)));
        // Ours count for more than the application's: without them nobody knows where it comes from.
        for (Iterator<String> names = headers.keySet().iterator(); headers.size() > MOST_HEADERS;) {
            if (!more.containsKey(names.next())) {
                names.remove();
            }
        }
        return needs.streams().topic(Objects.requireNonNull(plan.deadLetter())).publish(delivery.key(),
                delivery.value(),
                Headers.of(headers));
    }
}
