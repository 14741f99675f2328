package io.solaster.store.shard;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.persist.Journal;
import org.jspecify.annotations.Nullable;

/**
 * A command on one key, or a few of one shard, that has more to do than a turn has time for: it is done in {@link Steps}, of which each turn does as many
 * as it can. Nobody else uses the key meanwhile, and the key stays: it neither expires nor is evicted, and its nodes lie where
 * they are. So it is one step for all others. It goes on until it ends, whatever becomes of its client. On the key's shard.
 *
 * <p>
 * Most end in the turn in which they begin, and cost nothing but their steps. With persistence what each turn has changed is a
 * record of its own.
 */
public final class InTurns implements CommandCall.Unfinished, AutoCloseable {
    private static final String FAILED = "-ERR internal error\r\n";
    private static final String UNKEPT = "-MISCONF Errors writing to the AOF file\r\n";

    /** What a command does. */
    @FunctionalInterface
    public interface Steps {
        /**
         * Does steps until all is done, or {@link CommandCall#isToPause}, which is to be asked behind each. It finds its key anew,
         * and what it knows of the value is as it was. The reply is written along the way.
         *
         * @param call has the same arguments each time
         * @return whether all is done
         */
        boolean goOn(CommandCall call);
    }

    private final StoreShard shard;
    private final Command command;
    private final Steps steps;
    private final CommandCall call;
    private final ByteStrings arguments = new ByteStrings();
    private final ByteBuf reply = ByteBufAllocator.DEFAULT.directBuffer();
    private final boolean resp3;
    private final long now;
    private final int key;
    private final int keys;
    /** Others hold the key for it, and call {@link #proceed}. */
    private final boolean held;
    private final Intent intent = new Intent(() -> {
        // It has its key from the start.
    });
    private boolean told;
    private boolean failed;
    /** It does nothing more; it is done once the log has what it wrote. */
    private boolean over;
    private boolean done;
    private boolean dropped;
    private @Nullable Runnable whenDone;

    /**
     * Does a command, or begins to: then it is answered later. It has written no reply yet, and changed nothing.
     *
     * @param key the argument that is its key
     */
    public static void run(CommandCall call, int key, Steps steps) {
        run(call, key, 1, steps);
    }

    /**
     * As {@link #run(CommandCall, int, Steps)}, of a command on several keys of this shard.
     *
     * @param key the argument that is the first of its keys
     * @param keys how many arguments from there on are
     */
    public static void run(CommandCall call, int key, int keys, Steps steps) {
        int start = call.reply().position();
        if (!steps.goOn(call)) {
            call.leave(new InTurns(call, key, keys, steps, start));
        }
    }

    private InTurns(CommandCall begun, int key, int keys, Steps steps, int start) {
        this.shard = begun.shard();
        this.command = Objects.requireNonNull(shard.parts().commands().named(begun.text(0)));
        this.steps = steps;
        this.key = key;
        this.keys = keys;
        this.now = begun.now();
        this.held = begun.isHeld();
        ReplyWriter written = begun.reply();
        this.resp3 = written.resp3();
        this.call = shard.newCall();
        shard.holds(this);
        call.as(begun.user(), begun.database());
        call.writer(begun.writer());
        call.mayPause(true);
        call.reply().onError(shard.errors()::add);
        for (int i = 0; i < begun.count(); i++) {
            arguments.add(begun.address(i), begun.length(i));
        }
        int length = written.position() - start;
        reply.ensureWritable(length);
        Memory.copy(Memory.address(written.buffer()) + start, Memory.address(reply), length);
        reply.writerIndex(length);
        written.rewind(start);
        told = shard.hasToldEvents();
        for (int i = key; i < key + keys; i++) {
            shard.keyspace().pin(begun.address(i), begun.length(i));
        }
        if (!held) {
            intent.begin(!command.has(Command.Flag.READONLY));
            for (int i = key; i < key + keys; i++) {
                intent.slot(Slots.of(begun.address(i), begun.length(i)));
            }
            shard.locks().addInFront(intent);
            later();
        }
    }

    private void later() {
        shard.shard().executeOrElse(this::turn, this::close);
    }

    private void turn() {
        if (shard.isClosed()) {
            close();
            return;
        }
        try {
            proceed();
        } catch (Throwable none) {
            // Not even an error could be written.
            shard.tellFailed(command, none);
            reply.clear().writeBytes(FAILED.getBytes(StandardCharsets.US_ASCII));
        }
        if (over) {
            finish();
        } else {
            later();
        }
    }

    /** Does a piece of it, in a turn of its own or of who holds its key. */
    @Override
    public void proceed() {
        arguments.load(call, 0, arguments.count(), 0);
        call.now(now);
        ReplyWriter writer = call.reply();
        writer.to(reply);
        writer.resp3(resp3);
        int before = writer.position();
        failed = true;
        try {
            shard.goOn(command, call, this::piece);
        } finally {
            writer.finish();
            if (failed) {
                // Of its reply there is the error alone.
                over = true;
                reply.readerIndex(before);
            }
            if (over) {
                unpin();
                done = held;
            }
        }
    }

    private void unpin() {
        for (int i = key; i < key + keys; i++) {
            shard.keyspace().unpin(call.address(i), call.length(i));
        }
    }

    private void piece(CommandCall its) {
        if (told) {
            shard.toldEvents(its.address(key), its.length(key));
        }
        over = steps.goOn(its);
        told = shard.hasToldEvents();
        failed = false;
    }

    private void finish() {
        Journal journal = command.has(Command.Flag.WRITE) ? shard.journal() : null;
        long mark = journal == null ? 0 : journal.mark();
        shard.locks().remove(intent);
        shard.serveWaiting();
        if (journal == null || journal.isKept(mark)) {
            tell();
        } else {
            journal.whenKept(mark).whenComplete((kept, why) -> {
                if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException) {
                    // Its client's connection has ended, too.
                    close();
                    return;
                }
                if (why != null) {
                    reply.clear().writeBytes(UNKEPT.getBytes(StandardCharsets.US_ASCII));
                }
                tell();
            });
        }
    }

    /** The log has what it did, or never will: it is answered. */
    private void tell() {
        done = true;
        Runnable who = whenDone;
        if (dropped) {
            close();
        } else if (who != null) {
            who.run();
        }
    }

    /** It does nothing more, and nobody asks for its reply. */
    @Override
    public void close() {
        if (shard.letsGo(this)) {
            whenDone = null;
            arguments.close();
            reply.release();
        }
    }

    @Override
    public boolean isDone() {
        return done;
    }

    @Override
    public void whenDone(Runnable who) {
        whenDone = who;
    }

    @Override
    public void answer(ReplyWriter to) {
        try {
            to.raw(Memory.address(reply) + reply.readerIndex(), reply.readableBytes());
        } finally {
            close();
        }
    }

    /** Where others hold its key nobody goes on with it: what it has not done stays undone. */
    @Override
    public void drop() {
        whenDone = null;
        if (done) {
            close();
        } else if (held) {
            if (!shard.isClosed()) {
                arguments.load(call, 0, arguments.count(), 0);
                unpin();
            }
            close();
        } else {
            dropped = true;
        }
    }
}
