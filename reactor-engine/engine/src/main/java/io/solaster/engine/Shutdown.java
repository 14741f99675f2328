package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.env.TimeSource;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.task.Abandonable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How an engine ends: what was registered with {@link Engine#onStop} in reverse order, then straight-line code and
 * threads that block, then the shards, then what was registered with {@link Engine#onStopped}. Also the end of a shard that dies by itself.
 */
final class Shutdown {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);
    /** How long a step may take. */
    static final Duration SHARD_STOP = Duration.ofSeconds(5);
    private static final Duration SETTLE = Duration.ofSeconds(1);

    private final Setup setup;
    private final ShardGroup group;
    private final List<Shard> shards;
    private final Mesh[] meshes;
    private final Calls calls;
    private final Deque<Runnable> stopActions = new ArrayDeque<>();
    private final Deque<Runnable> endActions = new ArrayDeque<>();
    private final CompletableFuture<@Nullable Void> stopped = new CompletableFuture<>();
    private @Nullable Thread closer;
    private volatile boolean stopping;

    Shutdown(Setup setup, ShardGroup group, List<Shard> shards, Mesh[] meshes, Calls calls) {
        this.setup = setup;
        this.group = group;
        this.shards = shards;
        this.meshes = meshes;
        this.calls = calls;
    }

    boolean isStopping() {
        return stopping;
    }

    /**
     * A shard whose loop has died of an error: what was addressed to it fails, and what will be. Its own last turns have
     * ended what it could end. On a thread that is no shard, after the shard's thread has ended.
     */
    void ended(Shard dead) {
        if (stopping) {
            return;
        }
        log.error(
                "Engine '{}': shard {} has died of an error; calls to it fail, and its health is DOWN until the process"
                        + " is started anew",
                setup.name(), dead.id());
        // What it had sent and not published.
        meshes[dead.id()].flush();
        meshes[dead.id()].abandonWaiters();
        dead.abandonAll(this::abandonAtHome);
        dead.threads().die();
        for (Shard other : shards) {
            if (other != dead) {
                other.executeOrElse(() -> other.mesh().abandonPeer(dead.id()), () -> {});
            }
        }
    }

    /** What a live shard had sent is that shard's: nobody else touches it. */
    private void abandonAtHome(Abandonable given) {
        int from = given instanceof Message message ? message.leave() : -1;
        if (from < 0) {
            given.abandon();
        } else {
            HandedOver.Ending ending = new HandedOver.Ending(given);
            shards.get(from).executeOrElse(ending, ending);
        }
    }

    /** {@link Engine#onStop}. */
    void onStop(Runnable action) {
        synchronized (stopActions) {
            if (!stopping) {
                stopActions.push(action);
                return;
            }
        }
        throw new IllegalStateException("engine '" + setup.name() + "' is stopping");
    }

    /** {@link Engine#onStopped}. */
    void onStopped(Runnable action) {
        synchronized (stopActions) {
            if (!stopping) {
                endActions.push(action);
                return;
            }
        }
        throw new IllegalStateException("engine '" + setup.name() + "' is stopping");
    }

    /** {@link Engine#close}. */
    void close() {
        Shard.refuseToBlock("closing engine '" + setup.name() + "'", "do it on another thread");
        Shard carrier = Shard.current();
        if (carrier != null && calls.owns(carrier)) {
            throw new IllegalStateException(
                    "closing engine '" + setup.name() + "' on " + Thread.currentThread().getName()
                            + " would wait for itself; close it on another thread");
        }
        List<Runnable> actions;
        boolean first;
        synchronized (stopActions) {
            first = !stopping;
            if (first) {
                stopping = true;
                closer = Thread.currentThread();
            }
            actions = List.copyOf(stopActions);
        }
        if (!first) {
            awaitCloser();
            return;
        }
        try {
            stop(actions);
        } finally {
            stopped.complete(null);
        }
        log.info("Engine '{}' has stopped", setup.name());
    }

    private void stop(List<Runnable> actions) {
        run(actions);
        endThreads();
        endFiles();
        setup.offload().close(SHARD_STOP);
        settle();
        if (setup.environment().threads().await(group.stop(SHARD_STOP), SHARD_STOP)) {
            ended();
        } else {
            log.warn("Engine '{}': a shard has not ended within {}; its thread is left behind", setup.name(),
                    SHARD_STOP);
            group.terminationFuture().addListener(ended -> ended());
        }
        setup.closeWatchdog();
        setup.housekeeper().close();
    }

    private void run(Iterable<Runnable> actions) {
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (RuntimeException | Error e) {
                log.warn("A step of stopping engine '{}' failed", setup.name(), e);
            }
        }
    }

    /** While all else still works, since straight-line code may call the shards and wait for files as it ends. */
    private void endThreads() {
        await(CompletableFuture.allOf(shards.stream().map(shard -> shard.threads().end(SHARD_STOP))
                .toArray(CompletableFuture<?>[]::new)), "ending virtual threads", SHARD_STOP.plus(SETTLE));
    }

    /** What was accepted comes to its end, while there are threads for it; what takes too long fails with the shards. */
    private void endFiles() {
        await(CompletableFuture.allOf(shards.stream().map(Shard::endFiles).toArray(CompletableFuture<?>[]::new)),
                "ending what is done to files", SHARD_STOP);
    }

    /** Lets the shards answer each other for a while: until nothing is under way between two looks. */
    private void settle() {
        TimeSource clock = setup.environment().clock();
        long end = clock.nanoTime() + SETTLE.toNanos();
        long before = -1;
        do {
            if (!await(calls.submitToAll(shard -> true), "a last round of messages", SETTLE)) {
                return;
            }
            long sent = 0;
            long received = 0;
            for (Shard shard : shards) {
                sent += shard.stats().messagesSent.get();
                received += shard.stats().messagesReceived.get();
            }
            if (sent == received && sent == before) {
                return;
            }
            before = sent;
        } while (clock.nanoTime() - end < 0);
    }

    /** No shard runs any more. Nobody registers anything by then. */
    private void ended() {
        abandonMessages();
        run(endActions);
    }

    private void abandonMessages() {
        for (Mesh mesh : meshes) {
            mesh.abandonAll();
        }
        shards.forEach(shard -> shard.abandonAll(Abandonable::abandon));
    }

    /** Waits for a step of stopping; what goes wrong with it is logged. */
    boolean await(CompletableFuture<?> future, String what, Duration patience) {
        try {
            if (!setup.environment().threads().await(future, patience)) {
                log.warn("Engine '{}': {} took longer than {}", setup.name(), what, patience);
            } else if (future.isCompletedExceptionally()) {
                log.warn("Engine '{}': {} failed", setup.name(), what, ShardFuture.failureOf(future));
            } else {
                return true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private void awaitCloser() {
        if (Thread.currentThread().equals(closer)) {
            return;
        }
        try {
            // Not forever, since a step of the first call may be what waits for this one.
            Duration longest = setup.config().shutdownTimeout().plus(SHARD_STOP.multipliedBy(4));
            if (!setup.environment().threads().await(stopped, longest)) {
                log.warn("Engine '{}' is still stopping", setup.name());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
