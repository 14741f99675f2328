package io.solaster.store.server;

import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.CommandDecoder;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.command.CommandTable;
import io.solaster.store.multi.CommandPlace;
import io.solaster.store.multi.LeftOff;
import io.solaster.store.multi.Redirect;
import io.solaster.store.server.ConnectionState.Phase;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.ClientState.Replies;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/**
 * Runs each command of one client where its keys live: here at once, elsewhere in one message per shard and read batch, on
 * several shards as {@link SpreadRouting} does. On the owning shard only. Longer than 500 lines because
 * every way that a command takes has to leave the same few things of the read batch right: its replies, what is under way, and
 * whether the request is looked at again.
 */
final class CommandRouting implements CommandCall.Blocker {

    /** What became of one request. */
    enum Outcome {
        /** Answered, or on its way; go on with the next. */
        NEXT,
        /** Begun; nothing behind it may begin before it is answered. */
        WAIT,
        /** Not begun: it must be looked at again later. */
        AGAIN
    }

    /** What subscribers may run that speak RESP2, where a reply and a message look alike. */
    private static final Set<String> ALLOWED_TO_SUBSCRIBERS = Set.of("subscribe", "unsubscribe", "psubscribe",
            "punsubscribe", "ssubscribe", "sunsubscribe", "ping", "quit", "reset");

    private final ClientConnection connection;
    private final ServerShard server;
    private final ReplyOutput replies;
    private final StoreShard shard;
    private final int shards;
    /** Where some commands of this read batch run elsewhere. */
    private @Nullable Assembly assembly;
    private int ownMark;
    /** The command whose keys lie on several shards. Made when one comes first. */
    private @Nullable SpreadRouting spread;
    /** Whether those who monitor know of the request already that is looked at again. */
    private boolean told;
    /** While a command on this shard waits for keys that others use. Made when that happens first. */
    private @Nullable Intent intent;
    /** While a command on this shard goes on in later turns, and which. Made when that happens first. */
    private @Nullable LeftOff leftOff;
    private @Nullable Command goesOn;
    /** What the client waits for with a command that blocks. Made when one comes first. */
    private @Nullable KeyWait keyWait;
    /** A command on this shard that is answered in a later turn. Made when one comes first. */
    private @Nullable LateReply late;
    /** What the client has begun with MULTI and WATCH. Made when that happens first. */
    private @Nullable ClientMulti multi;

    CommandRouting(ClientConnection connection, ServerShard server, ReplyOutput replies) {
        this.connection = connection;
        this.server = server;
        this.replies = replies;
        this.shard = server.part();
        this.shards = shard.parts().count();
    }

    /** What the client waits for with a command that blocks. */
    KeyWait keyWait() {
        KeyWait made = keyWait;
        if (made == null) {
            made = new KeyWait(connection, this, server, replies);
            keyWait = made;
        }
        return made;
    }

    /** Whether the client has begun a command that blocks, and that waits, or may yet. */
    boolean isBlocking() {
        return keyWait != null && keyWait.isOn();
    }

    SpreadRouting spread() {
        SpreadRouting made = spread;
        if (made == null) {
            made = new SpreadRouting(connection, this, server, replies);
            spread = made;
        }
        return made;
    }

    @Override
    public boolean block(CommandCall call, long timeoutMillis, int type, int firstKey, int keys) {
        return keyWait().block(call, timeoutMillis, type, firstKey, keys);
    }

    /** As {@link KeyWait#hasWaited}. */
    boolean hasWaited() {
        return keyWait != null && keyWait.hasWaited();
    }

    /** As {@link KeyWait#isOnDead}. */
    boolean isOnDead() {
        return keyWait != null && keyWait.isOnDead();
    }

    /** As {@link KeyWait#unblock}. */
    CompletionStage<Boolean> unblock(boolean withError) {
        return keyWait == null ? CompletableFuture.completedFuture(false) : keyWait.unblock(withError);
    }

    /** The server is to stop: nobody waits for ever. */
    void drain() {
        if (keyWait != null) {
            keyWait.drain();
        }
    }

    /** Whether commands of this read batch run elsewhere, or are to. */
    boolean hasParts() {
        return assembly != null || spread != null && spread.isReady() || multi != null && multi.isReady();
    }

    ClientMulti multi() {
        ClientMulti made = multi;
        if (made == null) {
            made = new ClientMulti(connection, server, replies);
            multi = made;
        }
        return made;
    }

    /** Runs the request that was decoded last, unless it names no command that the client may run. */
    Outcome request(CommandCall call, ReplyWriter reply) {
        if (isLeftOff()) {
            return goOn(call);
        }
        Outcome outcome = connection.state().replies() == Replies.ALL ? look(call, reply) : muted(call, reply);
        giveKeysBack();
        return outcome;
    }

    /** Of a client that does not want all replies. */
    private Outcome muted(CommandCall call, ReplyWriter reply) {
        ClientState state = connection.state();
        if (state.replies() == Replies.NOT_THIS) {
            // That command is through.
            state.replies(Replies.ALL);
            return look(call, reply);
        }
        boolean one = state.replies() == Replies.NOT_NEXT;
        if (one) {
            if (assembly != null) {
                return Outcome.AGAIN;
            }
            state.replies(Replies.NOT_THIS);
        }
        int before = reply.position();
        // What is dropped is not written in pieces.
        call.leavable(false);
        Outcome outcome = look(call, reply);
        if (state.isMuted() && !isOfSubscriber(state.lastCommand())) {
            reply.rewind(before);
        }
        if (!one || state.replies() != Replies.NOT_THIS) {
            return outcome;
        }
        if (outcome == Outcome.AGAIN) {
            if (!isDescribing()) {
                state.replies(Replies.NOT_NEXT);
            }
        } else if (outcome == Outcome.NEXT) {
            if (assembly != null) {
                return Outcome.WAIT;
            }
            state.replies(Replies.ALL);
        }
        return outcome;
    }

    /** Whether a command is answered by messages, which come to who wants no replies too. */
    private static boolean isOfSubscriber(@Nullable Command command) {
        return command != null && command.has(Command.Flag.PUBSUB) && command.has(Command.Flag.NOSCRIPT);
    }

    private Outcome look(CommandCall call, ReplyWriter reply) {
        if (late != null && late.isAny()) {
            return late.answers(reply) ? Outcome.NEXT : waitForReply();
        }
        load(call);
        int count = call.count();
        Command command = CommandTable.find(call);
        if (command == null) {
            if (connection.intake().decoder().isCrossProtocol()) {
                connection.crossProtocol();
            } else {
                CommandTable.refuse(call, reply);
                if (multi != null) {
                    multi.refused();
                }
            }
            return Outcome.NEXT;
        }
        connection.account().found(command);
        if (!command.arityFits(count)) {
            return refuse(command, reply, "ERR wrong number of arguments for '" + command.name() + "' command");
        }
        ClientState state = connection.state();
        if (!state.authenticated() && !command.has(Command.Flag.NO_AUTH) && connection.settings().needsLogin()) {
            return refuse(command, reply, "NOAUTH Authentication required.");
        }
        if (state.isSubscribed() && !state.resp3() && !ALLOWED_TO_SUBSCRIBERS.contains(command.name())) {
            reply.error(
                    "ERR Can't execute '" + command.name() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT"
                            + " / RESET are allowed in this context");
            shard.counts().rejected(command);
            return Outcome.NEXT;
        }
        state.ran(command);
        if (shard.parts().isBusy() && !command.has(Command.Flag.ALLOW_BUSY)) {
            return refuse(command, reply,
                    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
        }
        if (shard.isGated() || !state.user().rights().mayAll()) {
            Outcome held = gate(command, call, reply);
            if (held != null) {
                return held;
            }
        }
        if (shard.parts().ownership() != null) {
            String elsewhere = Redirect.of(command, call, state.readOnly());
            if (elsewhere != null) {
                return refuse(command, reply, elsewhere);
            }
        }
        Client.Tracker tracker = state.tracker();
        if (tracker != null) {
            if (multi != null && multi.keeps(command)) {
                tracker.keeps(command, call);
            } else {
                tracker.runs(command, call);
            }
        }
        Outcome outcome = multi != null && multi.keeps(command)
                ? multi.keep(command, call, reply)
                : route(command, call, reply);
        if (tracker != null && outcome == Outcome.AGAIN && !isDescribing() && !isLeftOff()) {
            tracker.again();
        }
        told &= outcome == Outcome.AGAIN;
        return outcome;
    }

    private Outcome refuse(Command command, ReplyWriter reply, String error) {
        shard.counts().rejected(command);
        if (command.name().equals("exec")) {
            multi().refusedExec(reply, error);
        } else {
            if (multi != null) {
                multi.refused();
            }
            reply.error(error);
        }
        return Outcome.NEXT;
    }

    /** Whether the client may run a command, and whether now; null if so. Tells those who monitor of it. */
    private @Nullable Outcome gate(Command command, CommandCall call, ReplyWriter reply) {
        ShardWatch watch = ShardWatch.of(shard);
        String refusal = watch.refusal(connection, command, call,
                multi != null && multi.keeps(command) ? "multi" : "toplevel");
        if (refusal != null) {
            return refuse(command, reply, refusal);
        }
        if (watch.pause().holds(command, multi != null && multi.mayWrite()) && !connection.progress().isDraining()) {
            if (assembly == null) {
                // With parts under way, the wait for them comes first anyhow.
                connection.progress().waiting(Phase.PAUSED);
                watch.pause().await(connection);
            }
            return Outcome.AGAIN;
        }
        if (!told) {
            told = true;
            watch.tell(connection, command, call);
        }
        return null;
    }

    /** It may have had keys that it waited for, and was refused nevertheless. */
    private void giveKeysBack() {
        if (intent != null && intent.isGranted() && !isLeftOff()) {
            shard.locks().remove(intent);
        }
    }

    private Outcome route(Command command, CommandCall call, ReplyWriter reply) {
        int place = CommandPlace.of(command, call);
        if (assembly != null && (command.has(Command.Flag.BLOCKING)
                || command.has(Command.Flag.NO_MANDATORY_KEYS) && call.keys().count() == 0)) {
            // The replies before it come first, and this one may take long; or it may use keys that it does not name.
            return Outcome.AGAIN;
        }
        if (place >= 0) {
            return place == shard.shard().id() ? onThisShard(command, call) : onOwner(place, command, call, reply);
        }
        if (place == CommandPlace.CONNECTION) {
            return onConnection(command, call);
        }
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        if (place == CommandPlace.CROSS_SLOT && command.has(Command.Flag.NO_MANDATORY_KEYS)) {
            // A script takes the keys itself.
            return run(command, call);
        }
        if (place != CommandPlace.SEVERAL) {
            reply.error(CommandPlace.refusal(command, place));
            return Outcome.NEXT;
        }
        if (command.route() == Command.Route.EVERY_SHARD) {
            call.keys().clear();
        }
        return describe(command, call.keys(), call.count());
    }

    private Outcome onThisShard(Command command, CommandCall call) {
        if (shard.isHeldUp(command)) {
            if (assembly == null) {
                connection.progress().waiting(Phase.WAITING_FOR_LANE);
                shard.subscriptions().whenFree(connection);
            }
            return Outcome.AGAIN;
        }
        if (!shard.locks().isFree()) {
            return behindOthers(command, call);
        }
        return run(command, call);
    }

    private Outcome run(Command command, CommandCall call) {
        int start = call.reply().position();
        call.mayLeave(true);
        shard.run(command, call);
        call.mayLeave(false);
        if (call.isLeftOff()) {
            return leaveOff(command, call, start);
        }
        if (call.isUnfinished()) {
            LateReply unfinished = late == null ? new LateReply(this::hasReply) : late;
            late = unfinished;
            unfinished.takes(call);
            return waitForReply();
        }
        return isBlocking() ? Outcome.WAIT : Outcome.NEXT;
    }

    private Outcome waitForReply() {
        if (assembly == null) {
            // With parts under way, the wait for them comes first anyhow.
            connection.progress().waiting(Phase.BLOCKED);
        }
        return Outcome.AGAIN;
    }

    private void hasReply() {
        if (connection.progress().is(Phase.BLOCKED)) {
            connection.runLater();
        }
    }

    /** A command that answers much goes on in a later turn, with its key its own meanwhile. */
    private Outcome leaveOff(Command command, CommandCall call, int start) {
        if (assembly != null) {
            // The wait for parts comes first anyhow; then it begins anew, with no replies before its own that are not there.
            call.reply().rewind(start);
            call.leavable(true);
            return Outcome.AGAIN;
        }
        LeftOff left = leftOff;
        if (left == null) {
            left = new LeftOff(shard);
            leftOff = left;
        }
        left.begin(command, call, intent(), start);
        goesOn = command;
        return Outcome.AGAIN;
    }

    /** Whether a reply is written that is not whole: nothing leaves until it is. */
    boolean isLeftOff() {
        return leftOff != null && leftOff.isOn();
    }

    /** Goes on with a command that has left off. */
    private Outcome goOn(CommandCall call) {
        load(call);
        Intent own = intent();
        boolean whole;
        try {
            whole = Objects.requireNonNull(leftOff).goOn(Objects.requireNonNull(goesOn), call);
        } catch (Throwable failure) {
            shard.locks().remove(own);
            throw failure;
        }
        if (!whole) {
            return Outcome.AGAIN;
        }
        goesOn = null;
        call.now(shard.now());
        shard.locks().remove(own);
        return Outcome.NEXT;
    }

    private Intent intent() {
        Intent own = intent;
        if (own == null) {
            own = new Intent(this::hasKeys);
            intent = own;
        }
        return own;
    }

    private void load(CommandCall call) {
        CommandDecoder decoder = connection.intake().decoder();
        int count = decoder.argumentCount();
        call.begin(count);
        for (int i = 0; i < count; i++) {
            call.argument(i, decoder.argumentAddress(i), decoder.argumentLength(i));
        }
    }

    /** Somebody uses keys for longer: runs the command now only if those are others. */
    private Outcome behindOthers(Command command, CommandCall call) {
        Intent own = intent();
        if (!own.isQueued()) {
            own.begin(command, call);
            if (shard.locks().isInTheWay(own)) {
                if (assembly == null) {
                    // With parts under way, the wait for them comes first anyhow.
                    shard.locks().addHere(own);
                    connection.progress().waiting(Phase.BLOCKED);
                }
                return Outcome.AGAIN;
            }
        }
        Outcome outcome = run(command, call);
        if (!isLeftOff()) {
            shard.locks().remove(own);
        }
        return outcome;
    }

    private void hasKeys() {
        connection.runLater();
    }

    private Outcome onConnection(Command command, CommandCall call) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        shard.run(command, call);
        return connection.progress().isWaiting() || multi != null && multi.isReady() ? Outcome.WAIT : Outcome.NEXT;
    }

    private Outcome onOwner(int owner, Command command, CommandCall call, ReplyWriter reply) {
        if (!mayReach(owner)) {
            return Outcome.AGAIN;
        }
        if (command.has(Command.Flag.BLOCKING)) {
            Client.Tracker tracker = connection.state().tracker();
            if (tracker != null) {
                tracker.send();
            }
            keyWait().send(owner, command, call);
            return Outcome.WAIT;
        }
        open(reply).foreign(owner, connection.state()).add(command, call);
        shard.stats().foreignCommands.increment();
        return Outcome.NEXT;
    }

    private Outcome describe(Command command, KeyPositions keys, int count) {
        for (int target = 0; target < shards; target++) {
            if (!mayReach(target)) {
                return Outcome.AGAIN;
            }
        }
        return spread().begin(command, keys, count);
    }

    /** Whether a request has begun that is so long that it takes several turns to look at. */
    boolean isDescribing() {
        return isSpread() || multi != null && multi.isKeeping();
    }

    private boolean isSpread() {
        return spread != null && spread.isDescribing();
    }

    /** Goes on with the request that is in the intake. */
    Outcome goOnDescribing() {
        return isSpread() ? spread().goOn() : multi().goOnKeeping(shard.call(), shard.call().reply());
    }

    private boolean mayReach(int target) {
        if (target == shard.shard().id() || shard.shard().mesh().isWritable(target)) {
            return true;
        }
        if (assembly == null) {
            // With parts under way, the wait for them comes first anyhow.
            connection.progress().waiting(Phase.WAITING_FOR_LANE);
            shard.shard().mesh().whenWritable(target, connection);
        }
        return false;
    }

    private Assembly open(ReplyWriter reply) {
        Assembly open = assembly;
        if (open == null) {
            open = server.takeAssembly();
            open.begin(this);
            assembly = open;
            ownMark = 0;
        }
        open.own(reply.position() - ownMark);
        ownMark = reply.position();
        return open;
    }

    /** The read batch is through: {@code position} is where this shard's own replies end. */
    void through(int position) {
        if (assembly != null) {
            assembly.own(position - ownMark);
        }
    }

    /**
     * Sends the parts on their way, once {@link #hasParts}; this shard's own replies are kept until they are back, which they
     * are not before this has returned.
     *
     * @param outputRoom as {@link Assembly#send} takes it
     */
    void send(@Nullable RequestTrace trace, long outputRoom) {
        Assembly parts = assembly;
        Client.Tracker tracker = connection.state().tracker();
        if (tracker != null) {
            // Ahead of what reads them, so that each change of what is read is heard of.
            tracker.send();
        }
        if (connection.state().isMuted()) {
            // What was answered before that leaves now; the rest is dropped.
            replies.flush(connection.context());
        }
        if (parts != null) {
            replies.keepIn(parts::keep);
            connection.progress().waiting(Phase.WAITING_FOR_SHARDS);
            parts.send(trace, outputRoom);
        } else if (multi != null && multi.isReady()) {
            connection.progress().waiting(Phase.WAITING_FOR_SHARDS);
            multi.run(trace, outputRoom);
        } else {
            spread().run(trace, outputRoom);
        }
    }

    /** Every part is back: the replies become one stream. */
    void assembled() {
        Assembly parts = Objects.requireNonNull(assembly);
        assembly = null;
        try {
            join(parts);
        } catch (Throwable failure) {
            connection.broken(failure);
        }
        parts.clear();
        server.giveAssembly(parts);
        connection.run();
    }

    /** The engine, or a shard, stopped before the parts came back. */
    void abandoned() {
        connection.abandoned();
    }

    private void join(Assembly parts) {
        connection.account().errors(parts.errors());
        Throwable failure = parts.failure();
        if (failure != null) {
            connection.broken(failure);
        } else if (parts.overflowed()) {
            replies.overflow(replies.limit());
        } else if (!connection.state().isMuted() && connection.channel().isActive()) {
            ReplyWriter reply = replies.open();
            parts.write(reply);
            reply.finish();
            if (replies.isEnoughToSend()) {
                replies.flush(connection.context());
            }
        }
    }

    /**
     * The client is gone: gives back the parts that were not sent.
     *
     * @param underWay whether they were: then they come back by themselves
     */
    void release(boolean underWay) {
        if (late != null) {
            late.drop();
        }
        if (keyWait != null) {
            keyWait.gone();
        }
        if (leftOff != null) {
            leftOff.end();
        }
        if (intent != null) {
            shard.locks().remove(intent);
        }
        if (multi != null) {
            multi.release();
        }
        if (underWay) {
            return;
        }
        Assembly parts = assembly;
        if (parts != null) {
            assembly = null;
            parts.clear();
            server.giveAssembly(parts);
        }
        if (spread != null) {
            spread.release();
        }
    }
}
