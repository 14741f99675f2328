package io.solaster.store.command.algebra;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;

/**
 * {@code SMOVE}. Over two shards: first both parts look at their keys, then one adds the member, and once it has it the other
 * removes it.
 */
public final class SetMove implements Spread {
    /** From one shard to another. */
    public static final SetMove SMOVE = new SetMove();

    // What a part is, or has found.
    private static final int SOURCE = 1;
    private static final int THERE = 2;
    private static final int NO_MEMBER = 3;
    private static final int WRONG_TYPE = 4;
    private static final int TARGET = 5;

    private SetMove() {}

    public static void smove(CommandCall call) {
        long source = call.find(1);
        if (source == 0) {
            call.reply().integer(0);
            return;
        }
        long target = call.find(2);
        if (call.isWrongType(source, Keyspace.TYPE_SET) || call.isWrongType(target, Keyspace.TYPE_SET)) {
            return;
        }
        Sets set = call.shard().sets();
        set.open(call.address(1), call.length(1), call.find(1));
        if (source == target) {
            call.reply().integer(set.contains(call.address(3), call.length(3)) ? 1 : 0);
            return;
        }
        if (!set.contains(call.address(3), call.length(3))) {
            call.reply().integer(0);
            return;
        }
        // First there, then not here any more: there may be no memory for it.
        set.open(call.address(2), call.length(2), call.find(2));
        if (set.add(call.address(3), call.length(3))) {
            call.keyspace().written();
        }
        set.open(call.address(1), call.length(1), call.find(1));
        set.remove(call.address(3), call.length(3));
        call.reply().integer(1);
    }

    @Override
    public int hops() {
        return 3;
    }

    @Override
    public void prepare(Transaction transaction) {
        transaction.values(transaction.owner(0)).number(SOURCE);
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        long entry = call.find(1);
        boolean wrong = entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_SET;
        Sets set = call.shard().sets();
        if (!wrong) {
            set.open(call.address(1), call.length(1), entry);
        }
        if (hop > 0) {
            boolean target = values.number() == TARGET;
            if (target && hop == 1) {
                if (set.add(call.address(2), call.length(2))) {
                    call.keyspace().written();
                }
            } else if (!target && hop == 2) {
                set.remove(call.address(2), call.length(2));
                call.keyspace().written();
            }
        } else if (wrong) {
            values.number(WRONG_TYPE);
        } else if (values.number() == SOURCE) {
            values.number(entry == 0
                    ? 0
                    : set.contains(call.address(2), call.length(2)) ? THERE : NO_MEMBER);
        }
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        Values target = transaction.values(transaction.owner(1));
        if (transaction.values(transaction.owner(0)).number() != THERE || target.number() == WRONG_TYPE) {
            return false;
        }
        target.number(TARGET);
        return true;
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        long source = transaction.values(transaction.owner(0)).number();
        if (source == WRONG_TYPE
                || source != 0 && transaction.values(transaction.owner(1)).number() == WRONG_TYPE) {
            reply.error(Errors.WRONG_TYPE);
        } else {
            reply.integer(source == THERE ? 1 : 0);
        }
        return true;
    }
}
