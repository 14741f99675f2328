package io.solaster.load.run;

import java.util.ArrayDeque;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

import io.solaster.load.protocol.Call;
import org.jspecify.annotations.Nullable;

/** Calls in place of a connection: how many may be under way is the run's bound alone. On its shard. */
final class CallLine implements Line {
    /** Calls that are told of before the shard has its turn. */
    private static final int BATCH = 64;

    private final ShardRun run;
    private final Call call;
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    /** Calls that have ended while one before them was told of. */
    private final ArrayDeque<Pending> ended = new ArrayDeque<>();
    private final Place place = new Place();
    private boolean isTelling;
    private boolean isClosed;

    CallLine(ShardRun run, Call call) {
        this.run = run;
        this.call = call;
    }

    @Override
    public Place place() {
        return place;
    }

    @Override
    public boolean hasRoom() {
        return !isClosed;
    }

    @Override
    public void send(long due, long ready, int tag) {
        Pending request = new Pending(due, ready, tag);
        run.sent(due, ready, System.nanoTime());
        pending.add(request);
        try {
            call.begin(run.shard).whenComplete((answer, failure) -> {
                long now = System.nanoTime();
                if (run.shard.inEventLoop()) {
                    done(request, failure, now);
                } else {
                    run.shard.execute(() -> done(request, failure, now));
                }
            });
        } catch (Exception | Error e) {
            // Later, as if it had been answered: whoever sends is not told before it has sent.
            run.shard.execute(() -> done(request, e, System.nanoTime()));
        }
    }

    private void done(Pending request, @Nullable Throwable failure, long now) {
        if (request.isDone || isClosed) {
            return;
        }
        request.isDone = true;
        request.error = failure == null ? null : kind(failure);
        request.endedAt = now;
        ended.add(request);
        letGo();
        if (!isTelling) {
            isTelling = true;
            tell();
        }
    }

    /** One that is told of may be followed by one that ends at once, and so on: a loop, and not for ever. */
    private void tell() {
        boolean goesOn = false;
        try {
            int budget = BATCH;
            for (Pending next = ended.poll(); next != null && !isClosed; next = ended.poll()) {
                run.answered(next.due, next.tag, next.error, next.endedAt);
                if (--budget == 0) {
                    run.shard.execute(this::tell);
                    goesOn = true;
                    break;
                }
            }
        } finally {
            isTelling = goesOn;
        }
        run.flush();
    }

    private static String kind(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getClass().getSimpleName();
    }

    /** Those at the front that are done. */
    private void letGo() {
        for (Pending first = pending.peek(); first != null && first.isDone; first = pending.peek()) {
            pending.remove();
        }
    }

    @Override
    public void flush() {
        // A call has gone out when it was made.
    }

    @Override
    public void sweep(long now) {
        long timeout = run.plan.timeout().toNanos();
        for (Pending first = pending.peek(); first != null && now - first.ready > timeout; first = pending.peek()) {
            pending.remove();
            if (!first.isDone) {
                first.isDone = true;
                run.forsaken(first.due, first.tag, ShardRun.TIMEOUT);
            }
        }
        letGo();
    }

    @Override
    public void close() {
        isClosed = true;
    }

    /** A call under way. */
    private static final class Pending {
        private final long due;
        private final long ready;
        private final int tag;
        private boolean isDone;
        private @Nullable String error;
        private long endedAt;

        Pending(long due, long ready, int tag) {
            this.due = due;
            this.ready = ready;
            this.tag = tag;
        }
    }
}
