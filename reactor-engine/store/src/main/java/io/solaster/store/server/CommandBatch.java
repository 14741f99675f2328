package io.solaster.store.server;

import java.util.concurrent.CancellationException;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.trace.Hop;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.multi.CommandList;
import io.solaster.store.multi.LeftOff;
import io.solaster.store.persist.Journal;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.IntentLocks;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * Commands of one read batch that belong to one other shard: they travel there together, are run, and come back with
 * their replies. Used again and again by the shard that made it, so that a foreign command allocates nothing.
 *
 * <p>
 * It belongs to one shard at a time: to its origin, on the way out to the target, on the way back to the origin.
 */
final class CommandBatch extends Message implements AutoCloseable {
    private final StoreShard origin;
    private StoreShard target;
    private @Nullable Assembly assembly;
    private boolean home;
    /** While its next command waits for keys that others use. Made when that happens first. */
    private @Nullable Intent intent;
    private boolean blocked;
    /** While a command goes on in later turns. Made when that happens first. */
    private @Nullable LeftOff leftOff;
    private final KeyHold.Turn goOn = new KeyHold.Turn(this::execute, this::lose);
    /** Whether it is neither at home nor given up. */
    private boolean away;
    private boolean resp3;
    private @Nullable User user;
    private int database;
    private long clientWrites;
    /** Bytes of replies after which it goes home, with commands that are not run yet. */
    private long room;
    private long errors;
    private @Nullable Throwable failure;
    /** What the log has to have before it goes home; 0 for nothing. */
    private long mark;
    /** Null where the request is not traced, as most are not. */
    private @Nullable Hop hop;

    private final CommandList commands = new CommandList();
    private final LateReply late = new LateReply(this::hasKeys);

    CommandBatch(StoreShard origin) {
        this.origin = origin;
        this.target = origin;
        origin.holds(this);
    }

    void begin(StoreShard target, Assembly assembly, ClientState client) {
        if (target != this.target) {
            // It works with the locks and the keys of the shard that it was made for.
            leftOff = null;
        }
        this.target = target;
        this.assembly = assembly;
        this.resp3 = client.resp3();
        this.user = client.user();
        this.database = client.database();
        this.clientWrites = client.writer();
    }

    void trace(@Nullable Hop newHop) {
        hop = newHop;
    }

    StoreShard target() {
        return target;
    }

    /** Where the commands that it is to run are added. */
    CommandList commands() {
        return commands;
    }

    /**
     * Lets it run commands until its replies are longer than this, but one at least.
     *
     * @param bytes of replies, those of earlier runs among them
     */
    void room(long bytes) {
        room = bytes;
        home = false;
        away = true;
    }

    /** On the target: runs the commands and goes home. Back on the origin: hands the replies to who waits for them. */
    @Override
    public void deliver() {
        if (home) {
            away = false;
            end(failure);
            returned();
            return;
        }
        if (hop != null) {
            hop.begun();
        }
        execute();
    }

    /** Runs commands, and goes home unless one has to wait. Whatever is thrown, it goes home: somebody waits for it there. */
    private void execute() {
        blocked = false;
        Journal journal = target.journal();
        long before = journal == null ? 0 : journal.mark();
        try {
            run(target.call());
        } catch (Throwable thrown) {
            failure = thrown;
            blocked = false;
            late.drop();
            if (intent != null) {
                target.locks().remove(intent);
            }
            if (leftOff != null) {
                leftOff.end();
            }
        }
        if (journal != null && journal.mark() != before) {
            mark = journal.mark();
        }
        if (!blocked) {
            goHome();
        }
    }

    /** At once, or when the log has what its commands did. */
    private void goHome() {
        Journal journal = mark == 0 ? null : target.journal();
        if (journal == null || journal.isKept(mark)) {
            send();
        } else {
            journal.whenKept(mark).whenComplete((kept, why) -> {
                if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException) {
                    lose();
                    return;
                }
                if (why != null) {
                    failure = ShardFuture.causeOf(why);
                }
                send();
            });
        }
    }

    private void send() {
        mark = 0;
        home = true;
        // What these commands have published to there is there when they are answered.
        target.subscriptions().flushTo(origin.shard().id());
        target.shard().mesh().sendFree(origin.shard().id(), this);
    }

    /** Whether the next command has to wait for keys that others use; then it is in their queue. */
    private boolean isBlocked(Command command, CommandCall call) {
        Intent own = intent();
        if (own.isQueued()) {
            // It has waited, and its turn has come.
            return false;
        }
        own.begin(command, call);
        blocked = target.locks().isInTheWay(own);
        if (blocked) {
            target.locks().addHere(own);
        }
        return blocked;
    }

    /** Whether the next command publishes, and what it publishes has no room now; then it goes on once there is some. */
    private boolean isHeldUp(Command command) {
        if (!target.isHeldUp(command)) {
            return false;
        }
        blocked = true;
        target.subscriptions().whenFree(goOn);
        return true;
    }

    private void hasKeys() {
        goOn.on(target.shard());
    }

    private void leaveOff(Command command, CommandCall call, int start) {
        LeftOff left = leftOff;
        if (left == null) {
            left = new LeftOff(target);
            leftOff = left;
        }
        left.begin(command, call, intent(), start);
        leaveOff();
    }

    /** The command goes on in a later turn. */
    private void leaveOff() {
        blocked = true;
        goOn.on(target.shard());
    }

    private Intent intent() {
        Intent own = intent;
        if (own == null) {
            own = new Intent(this::hasKeys, this::lose);
            intent = own;
        }
        return own;
    }

    private void run(CommandCall call) {
        ReplyWriter writer = call.reply();
        writer.to(commands.replies());
        writer.resp3(resp3);
        call.client(null);
        call.leavable(true);
        call.as(user, database);
        call.writer(clientWrites);
        call.now(target.now());
        IntentLocks locks = target.locks();
        long errorsBefore = writer.errors();
        call.mayLeave(true);
        do {
            Command command = commands.next(call);
            if (late.isAny()) {
                if (!late.answers(writer)) {
                    blocked = true;
                    break;
                }
                commands.replied(writer.position());
                commands.took();
                continue;
            }
            if (leftOff != null && leftOff.isOn()) {
                if (!leftOff.goOn(command, call)) {
                    leaveOff();
                    break;
                }
                call.now(target.now());
            } else {
                if (!locks.isFree() && isBlocked(command, call) || isHeldUp(command)) {
                    break;
                }
                int start = writer.position();
                target.run(command, call);
                if (call.isLeftOff()) {
                    leaveOff(command, call, start);
                    break;
                }
            }
            if (intent != null) {
                locks.remove(intent);
            }
            if (late.takes(call)) {
                blocked = true;
                break;
            }
            commands.replied(writer.position());
            commands.took();
        } while (commands.hasNext() && writer.position() <= room);
        call.mayLeave(false);
        errors += writer.errors() - errorsBefore;
        writer.finish();
    }

    /** Whether commands are left that were not run, for want of room for their replies. */
    boolean isUnfinished() {
        return commands.hasNext();
    }

    /** What went wrong beside its commands, which are answered whatever they throw. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Bytes of its replies so far. */
    int replyBytes() {
        return commands.replyBytes();
    }

    /** How many of the replies are errors. */
    long errors() {
        return errors;
    }

    private void end(@Nullable Throwable reason) {
        if (hop != null) {
            hop.ended(reason);
            hop = null;
        }
    }

    void returned() {
        java.util.Objects.requireNonNull(assembly).returned();
    }

    /** Its shard has stopped while this waited there. On whatever thread. */
    private void lose() {
        origin.shard().executeOrElse(this::abandon, this::abandon);
    }

    @Override
    public void abandon() {
        if (away) {
            away = false;
            end(new CancellationException("the shard stopped"));
            if (assembly != null) {
                assembly.abandon();
            }
        }
    }

    /** Makes it ready for other commands; on the origin. */
    void clear() {
        assembly = null;
        user = null;
        home = false;
        failure = null;
        errors = 0;
        commands.clear();
    }

    /** Bytes that it keeps between uses. */
    int kept() {
        return commands.kept();
    }

    @Override
    public void close() {
        if (!origin.letsGo(this)) {
            return;
        }
        clear();
        commands.close();
    }
}
