package io.solaster.store.shard;

import java.util.function.Consumer;
import java.util.function.ToLongFunction;

import io.solaster.resp.ReplyWriter;

/**
 * What a command does whose keys lie on several shards: it works on each of them in hops, which carry values rather than
 * replies, and is concluded on the client's shard. No other command sees the keys between the hops. Without state of its own,
 * since all shards use the same one.
 */
public interface Spread {
    /**
     * Whether a call is done this way though all of its keys lie on one shard, since it may take several turns. On the
     * client's shard, before it is run.
     */
    default boolean isLong(CommandCall call) {
        return false;
    }

    /** In how many hops it is done, at most. */
    default int hops() {
        return 1;
    }

    /** Before the first hop, on the client's shard: may say something to parts by their {@link Transaction#values}. */
    default void prepare(Transaction transaction) {}

    /**
     * A part, on a shard that owns some of the keys. May leave off ({@link CommandCall#goOn}).
     *
     * @param call the command's name, the keys of this shard with what belongs to each, and all arguments that belong to no
     *        key, in the order of the request; {@link CommandCall#reply} is not to be used
     * @param values what was found in the hop before, or given by {@link #goesOn}, and where to put what is found
     * @param hop 0 for the first
     */
    void run(CommandCall call, Values values, int hop);

    /** Whether another hop is needed, on the client's shard after each but the last: may exchange the parts' values. */
    default boolean goesOn(Transaction transaction, int hop) {
        return true;
    }

    /**
     * Writes the reply, on the client's shard, unless a part has failed.
     *
     * @return false if the reply is not whole yet, so that this is called again in a later turn
     */
    boolean conclude(Transaction transaction, ReplyWriter reply);

    /** Whether nothing was found by a command that waits for it; instead of {@link #conclude}, where the client may wait. */
    default boolean isToWait(Transaction transaction) {
        return false;
    }

    /**
     * Before the client waits, once: the arguments that it waits with, where some of those that were sent are about the moment of
     * the first hop.
     *
     * @param call the whole command as it was sent
     * @param to where they go
     * @return false if they stay as they are, and nothing was added
     */
    default boolean settle(Transaction transaction, CommandCall call, ByteStrings to) {
        return false;
    }

    /**
     * Puts back what a command has taken whose client is gone, as far as that is possible still. On the shard of the key,
     * which nobody else uses now.
     *
     * @param call the whole command
     * @param taken as of {@link CommandCall#taken}
     */
    default void putBack(CommandCall call, ByteStrings taken) {}

    /** The parts count something, which is added up. */
    static Spread sum(ToLongFunction<CommandCall> part) {
        return new Spread() {
            @Override
            public void run(CommandCall call, Values values, int hop) {
                values.number(values.number() + part.applyAsLong(call));
            }

            @Override
            public boolean conclude(Transaction transaction, ReplyWriter reply) {
                reply.integer(transaction.sum());
                return true;
            }
        };
    }

    /** The parts do something, and the answer is {@code +OK}. */
    static Spread ok(Consumer<CommandCall> part) {
        return new Spread() {
            @Override
            public void run(CommandCall call, Values values, int hop) {
                part.accept(call);
            }

            @Override
            public boolean conclude(Transaction transaction, ReplyWriter reply) {
                reply.ok();
                return true;
            }
        };
    }
}
