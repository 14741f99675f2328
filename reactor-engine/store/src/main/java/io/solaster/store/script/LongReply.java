package io.solaster.store.script;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.multi.CommandList;
import io.solaster.store.multi.LeftOff;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;

/**
 * A command that a script calls, and that answers more than a turn has time for: it goes on a piece in each turn, while the script
 * has its keys ({@link LeftOff}). It ends as soon as it has answered more than a script has memory for. On the owning shard.
 */
final class LongReply implements CommandCall.Unfinished, AutoCloseable {
    private final StoreShard shard;
    private final LeftOff left;
    private final CommandList list = new CommandList();
    private final CommandCall call;
    private final ByteBuf reply;
    private final boolean resp3;
    private boolean done;

    /**
     * Of one that has just left off.
     *
     * @param written what it has answered so far; a copy is taken
     */
    LongReply(StoreShard shard, Command command, CommandCall begun, ByteBuf written, boolean resp3) {
        this.shard = shard;
        this.resp3 = resp3;
        this.call = shard.newCall();
        this.reply = Unpooled.directBuffer(Math.max(1, written.readableBytes()));
        shard.holds(this);
        reply.writeBytes(written, written.readerIndex(), written.readableBytes());
        list.add(command, begun);
        call.client(null);
        call.as(begun.user(), begun.database());
        call.now(begun.now());
        left = new LeftOff(shard);
        left.begin(command, begun, null, 0);
    }

    @Override
    public void proceed() {
        Command command = list.next(call);
        ReplyWriter writer = call.reply();
        writer.to(reply);
        writer.resp3(resp3);
        done = true;
        try {
            done = left.goOn(command, call);
            if (!done && writer.position() > ShardScripts.MEMORY) {
                left.end();
                writer.rewind(0);
                writer.error("ERR not enough memory for a reply of more than " + ShardScripts.MEMORY + " bytes");
                done = true;
            }
        } finally {
            if (done) {
                left.end();
            }
            call.leavable(false);
            writer.finish();
        }
    }

    @Override
    public boolean isDone() {
        return done;
    }

    @Override
    public void whenDone(Runnable told) {
        throw new IllegalStateException("it has no turns of its own");
    }

    @Override
    public void answer(ReplyWriter to) {
        try {
            to.raw(Memory.address(reply), reply.readableBytes());
        } finally {
            close();
        }
    }

    @Override
    public void drop() {
        left.end();
        close();
    }

    @Override
    public void close() {
        if (shard.letsGo(this)) {
            list.close();
            reply.release();
        }
    }
}
