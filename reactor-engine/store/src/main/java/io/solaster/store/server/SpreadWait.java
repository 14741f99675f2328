package io.solaster.store.server;

import java.time.Duration;
import java.util.Objects;
import java.util.function.IntPredicate;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.Slots;
import io.solaster.engine.timer.Timer;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.server.BlockedCommand.Reason;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import io.solaster.store.waiting.Waiter;
import org.jspecify.annotations.Nullable;

/**
 * A command that may wait, whose keys lie on several shards. It is tried as one step over all of them. If nothing is found, it
 * takes its places in the queues of its keys, and is tried once more, as something may have come meanwhile; then again each
 * time that one of its keys is there when its turn has come. Those behind it wait until it has tried. On the client's shard.
 */
final class SpreadWait implements CommandCall.Blocker, AutoCloseable {
    /** Whose command it is. On the client's shard, but for what says otherwise. */
    interface Owner {
        /** Runs the command once more; where it throws something the command is not under way. */
        void tryAgain(Command command, ByteStrings arguments);

        /** Where the reply of a command goes that says what it waits for. */
        ReplyWriter reply();

        /** It waits no more: it was answered, or is with this. */
        void ended(@Nullable Reason reason);

        /** It waits no more, as it could not be run. */
        void failed(Throwable failure);

        /** A shard that it waits on has stopped. On whatever thread. */
        void abandoned();
    }

    private final Owner wait;
    private final StoreShard shard;
    private final Command command;
    private final int database;
    private ByteStrings arguments = new ByteStrings();
    /** By shard: what waits there; null for nothing. */
    private final @Nullable Waiter[] waiters;
    /** By shard, each used there; null for nothing. */
    private final @Nullable LookAgain[] again;
    /** Null if a key that is there will do. */
    private CommandCall.@Nullable Wanted wants;
    private boolean asked;
    private long timeoutMillis;
    private int type;
    private int firstKey;
    private int keys;
    private @Nullable Timer timer;
    /** Whether a transaction of it is under way. */
    private boolean trying = true;
    /** Whether it has its places in the queues of its keys. */
    private boolean placed;
    /** Whether a key came while nothing could be tried. */
    private boolean woken;
    /** Why it is to end as soon as it can. */
    private @Nullable Reason ending;
    private boolean left;
    /** Calls to other shards that have not come back: they read the arguments. */
    private int calls;

    SpreadWait(Owner wait, StoreShard shard, Command command, CommandCall call) {
        this.wait = wait;
        this.shard = shard;
        this.command = command;
        this.database = call.database();
        this.waiters = new Waiter[shard.parts().count()];
        this.again = new LookAgain[waiters.length];
        shard.holds(this);
        for (int i = 0; i < call.count(); i++) {
            arguments.add(call.address(i), call.length(i));
        }
    }

    /** Was tried, and has found nothing: it waits with arguments that say what was there then. */
    void settle(Transaction done) {
        if (asked) {
            return;
        }
        CommandCall call = shard.call();
        arguments.load(call, 0, arguments.count(), 0);
        ByteStrings settled = new ByteStrings();
        if (Objects.requireNonNull(command.spread()).settle(done, call, settled)) {
            arguments.close();
            arguments = settled;
        }
    }

    /** Was tried, and has found nothing. */
    void nothingFound(boolean draining) {
        trying = false;
        if (draining && ending == null) {
            ending = Reason.DRAINING;
        }
        if (!asked && !readsWhatItWaitsFor()) {
            leave();
            wait.ended(null);
        } else if (ending != null) {
            end(ending);
        } else if (!placed) {
            takePlaces();
        } else {
            onEach(part -> part.waiting().tried(waiter(part)));
            goOn();
        }
    }

    /** Whether nothing was found at first, so that it has begun to wait. */
    boolean hasWaited() {
        return asked;
    }

    /** Has the command say what it waits for; false if it has answered an error instead. */
    private boolean readsWhatItWaitsFor() {
        ReplyWriter reply = wait.reply();
        CommandCall call = shard.call();
        call.client(null);
        call.as(null, database);
        call.blocker(this);
        arguments.load(call, 0, arguments.count(), 0);
        call.offerNothing();
        try {
            command.body().run(call);
        } finally {
            call.offer(0, null);
            call.client(null);
            reply.finish();
        }
        return asked;
    }

    @Override
    public boolean block(CommandCall call, long newTimeoutMillis, int newType, int newFirstKey, int newKeys) {
        asked = true;
        wants = call.takeWanted();
        timeoutMillis = newTimeoutMillis;
        type = newType;
        firstKey = newFirstKey;
        keys = newKeys;
        if (timeoutMillis > 0) {
            timer = shard.shard().timers().timer(() -> cancel(Reason.TIMEOUT));
            timer.arm(Duration.ofMillis(Math.min(timeoutMillis, BlockedCommand.LONGEST_MILLIS)));
        }
        return true;
    }

    private void takePlaces() {
        CommandCall call = shard.call();
        arguments.load(call, 0, arguments.count(), 0);
        for (int i = firstKey; i < firstKey + keys; i++) {
            int owner = owner(call, i);
            if (waiters[owner] == null) {
                Waiter made = new Waiter(shard.shard().id(), key -> offered(shard.peer(owner), key));
                waiters[owner] = made;
                again[owner] = new LookAgain(shard.peer(owner), made);
            }
        }
        onEach(this::takePlaces);
    }

    private int owner(CommandCall call, int key) {
        return Slots.shardOf(Slots.of(call.address(key), call.length(key)), waiters.length);
    }

    private Waiter waiter(StoreShard part) {
        return Objects.requireNonNull(waiters[part.shard().id()]);
    }

    // ---- on the shards of the keys

    private void takePlaces(StoreShard part) {
        CommandCall call = offering(part);
        part.keyspace().database(database);
        for (int i = firstKey; i < firstKey + keys; i++) {
            if (owner(call, i) == part.shard().id()) {
                part.waiting().add(waiter(part), i, type, call.address(i), call.length(i));
                lookAgain(part, call, i);
            }
        }
    }

    private Waiter.Answer offered(StoreShard part, int key) {
        CommandCall call = offering(part);
        Keyspace keyspace = part.keyspace();
        CommandCall.Wanted its = wants;
        // Whoever uses the key may do so as of an earlier time: what it sees stays.
        long now = part.locks().isUsed(Slots.of(call.address(key), call.length(key))) ? Long.MIN_VALUE : part.now();
        long entry = its != null ? 0 : keyspace.peek(call.address(key), call.length(key), now);
        if (its != null ? !its.isThere(call, key) : entry == 0 || keyspace.type(entry) != type) {
            lookAgain(part, call, key);
            return Waiter.Answer.NOTHING;
        }
        boolean isShared = its != null && its.isShared();
        if (isShared && waiter(part).isTold()) {
            return Waiter.Answer.NOTHING;
        }
        waiter(part).told(isShared);
        ShardFuture<Boolean> woke = part.parts().sharded().on(shard.shard().id(), _ -> {
            wake();
            return true;
        });
        woke.whenComplete((_, failure) -> {
            if (failure != null) {
                // Those behind it would wait for ever. In a later turn, as it is being offered the key.
                part.shard().executeOrElse(() -> notTold(part, failure), () -> {});
            }
        });
        return isShared ? Waiter.Answer.NOTHING : Waiter.Answer.TRIES;
    }

    private CommandCall offering(StoreShard part) {
        CommandCall call = part.offering();
        call.client(null);
        call.as(null, database);
        call.now(part.now());
        arguments.load(call, 0, arguments.count(), 0);
        return call;
    }

    private void lookAgain(StoreShard part, CommandCall call, int key) {
        CommandCall.Wanted its = wants;
        long at = its == null ? CommandCall.Wanted.NEVER : its.againAt(call, key);
        if (at != CommandCall.Wanted.NEVER) {
            Objects.requireNonNull(again[part.shard().id()]).at(at);
        }
    }

    private void leaves(StoreShard part) {
        part.waiting().remove(waiter(part));
        Objects.requireNonNull(again[part.shard().id()]).cancel();
    }

    private void notTold(StoreShard part, Throwable failure) {
        if (ShardFuture.causeOf(failure) instanceof ShardStoppedException) {
            leaves(part);
        } else {
            part.waiting().tried(waiter(part));
        }
    }

    // ---- on the client's shard

    private interface Errand {
        void on(StoreShard part);
    }

    /** Does something on each shard where it waits, and goes on once all have done it. */
    private void onEach(Errand errand) {
        boolean leaving = left;
        // What is done on this shard is done at once: the others have the arguments to read yet.
        calls++;
        for (int i = 0; i < waiters.length && left == leaving; i++) {
            if (waiters[i] != null) {
                calls++;
                ShardFuture<Boolean> done = shard.parts().sharded().on(i, part -> {
                    errand.on(part);
                    return true;
                });
                done.whenComplete((_, failure) -> returned(failure));
            }
        }
        returned(null);
    }

    private void returned(@Nullable Throwable failure) {
        calls--;
        if (failure != null && !left) {
            wait.abandoned();
        } else if (calls == 0 && !left && !placed) {
            placed = true;
            woken = true;
            goOn();
        } else {
            release();
        }
    }

    private void release() {
        if (left && calls == 0 && !trying) {
            close();
        }
    }

    /** Nobody reads its arguments any more. */
    @Override
    public void close() {
        if (shard.letsGo(this)) {
            arguments.close();
        }
    }

    private void wake() {
        woken = true;
        if (placed && !trying && !left) {
            goOn();
        }
    }

    private void goOn() {
        if (ending != null) {
            end(ending);
        } else if (woken) {
            woken = false;
            trying = true;
            try {
                wait.tryAgain(command, arguments);
            } catch (Throwable failure) {
                served();
                wait.failed(failure);
            }
        }
    }

    /** Waits no more, unless it is getting something now. */
    void cancel(Reason reason) {
        if (ending == null) {
            ending = reason;
        }
        if (placed && !trying && !left) {
            end(ending);
        }
    }

    private void end(Reason reason) {
        leave();
        wait.ended(reason);
    }

    /**
     * Leaves all of its queues: the client is gone, or answered.
     *
     * @return false if it is being tried: {@link #putBack} follows then
     */
    boolean leave() {
        if (!left && timer != null) {
            timer.cancel();
        }
        if (!left) {
            left = true;
            onEach(this::leaves);
        }
        release();
        return !trying;
    }

    /** Has got what it waits for, or an error. */
    void served() {
        trying = false;
        leave();
    }

    /** The client went while it was tried: what was taken goes back where it was. */
    void putBack(Transaction done) {
        for (int key = 0; key < done.keys() && !done.isExceeded(); key++) {
            ByteStrings found = done.values(done.owner(key)).strings();
            if (found.count() > 1) {
                putBack(done.owner(key), found);
                break;
            }
        }
        served();
    }

    private void putBack(int owner, ByteStrings found) {
        Returned returned = new Returned(shard);
        found.rewind();
        while (found.next()) {
            returned.taken.add(found.address(), found.length());
        }
        CommandCall call = shard.call();
        arguments.load(call, 0, arguments.count(), 0);
        for (int i = 0; i < call.count(); i++) {
            returned.request.add(call.address(i), call.length(i));
        }
        shard.parts().sharded().on(owner, part -> {
            KeyWait.putBack(part, database, command, returned.request, returned.taken)
                    .whenComplete((_, _) -> returned.close());
            return true;
        });
    }

    /** What goes back where it was: with its shard where that has it. */
    private static final class Returned implements AutoCloseable {
        private final StoreShard shard;
        private final ByteStrings taken = new ByteStrings();
        private final ByteStrings request = new ByteStrings();

        Returned(StoreShard shard) {
            this.shard = shard;
            shard.holds(this);
        }

        @Override
        public void close() {
            if (shard.letsGo(this)) {
                request.close();
                taken.close();
            }
        }
    }

    /** Whether it waits on a shard of which something is so. */
    boolean isOn(IntPredicate wanted) {
        for (int i = 0; i < waiters.length; i++) {
            if (waiters[i] != null && wanted.test(i)) {
                return true;
            }
        }
        return false;
    }
}
