package io.solaster.engine.soak;

import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/**
 * What went in and what came out. Everything that is asked of an engine has a ticket here, which ends once: with its own
 * number as the answer, or with a failure that has a name. Any thread.
 */
final class Ledger {
    /** Faults that are told. */
    private static final int TOLD = 10;

    private final AtomicLong numbers = new AtomicLong();
    private final Map<String, Count> counts = new ConcurrentHashMap<>();
    private final Set<Ticket> open = ConcurrentHashMap.newKeySet();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();

    private static final class Count {
        final LongAdder in = new LongAdder();
        final LongAdder answered = new LongAdder();
        final LongAdder failed = new LongAdder();

        @Override
        public String toString() {
            return in + " (" + answered + " answered, " + failed + " failed by name)";
        }
    }

    /** Something is asked. */
    Ticket open(String kind) {
        Ticket ticket = new Ticket(kind);
        counts.computeIfAbsent(kind, each -> new Count()).in.increment();
        open.add(ticket);
        return ticket;
    }

    /** What no ticket tells. */
    void fault(String what) {
        if (faults.size() < TOLD) {
            faults.add(what);
        }
    }

    boolean hasFaults() {
        return !faults.isEmpty();
    }

    /** Waits until every ticket has ended, and complains of those that have not, and of all that went wrong. */
    void settle(String when, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (!open.isEmpty() && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        if (!open.isEmpty()) {
            fault(open.size() + " have not ended " + when + ", such as " + open.stream().limit(TOLD).toList());
        }
        if (hasFaults()) {
            throw new AssertionError(String.join("\n", faults));
        }
    }

    long tickets() {
        return numbers.get();
    }

    @Override
    public String toString() {
        StringJoiner all = new StringJoiner(", ");
        counts.entrySet().stream().sorted(Map.Entry.comparingByKey())
                .forEach(each -> all.add(each.getKey() + " " + each.getValue()));
        return all.toString();
    }

    /** One thing that was asked. */
    final class Ticket {
        final long number = numbers.incrementAndGet();
        private final String kind;
        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicBoolean ended = new AtomicBoolean();

        private Ticket(String kind) {
            this.kind = kind;
        }

        /** The work, which begins once at most. */
        long begin() {
            if (begun.incrementAndGet() > 1) {
                fault(this + " began twice");
            }
            return number;
        }

        /** Ends when the stage does. */
        void endsWith(CompletionStage<? extends @Nullable Object> stage) {
            stage.whenComplete(this::end);
        }

        void answered() {
            end(number, null);
        }

        void end(@Nullable Object answer, @Nullable Throwable failure) {
            if (!ended.compareAndSet(false, true)) {
                fault(this + " ended twice");
                return;
            }
            Count count = counts.get(kind);
            if (failure != null) {
                count.failed.increment();
                if (!hasName(failure)) {
                    fault(this + " failed with " + failure);
                }
            } else {
                count.answered.increment();
                if (!Long.valueOf(number).equals(answer) || begun.get() != 1) {
                    fault(this + " was answered " + answer + ", and began " + begun + " times");
                }
            }
            open.remove(this);
        }

        @Override
        public String toString() {
            return kind + " #" + number + (begun.get() > 0 ? " (begun)" : "");
        }
    }

    private static boolean hasName(Throwable failure) {
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
        // A stopped shard's is a RejectedExecutionException too.
        return cause instanceof RejectedExecutionException || cause instanceof TimeoutException
                || cause instanceof CancellationException || cause instanceof InterruptedException
                || cause instanceof OnPurpose;
    }

    /** What work throws to see that it comes home. */
    static final class OnPurpose extends RuntimeException {
        private static final long serialVersionUID = 1;

        OnPurpose() {
            super("on purpose");
        }
    }
}
