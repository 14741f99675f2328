package io.solaster.store.command;

import java.util.function.Function;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.command.admin.ServerCommands;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/** What commands do whose keys lie on several shards. Where all are on one, their methods elsewhere run. */
final class SpreadCommands {
    /** Each part finds the values of its keys; the reply takes them in the order of the request. */
    static final Spread MGET = new Spread() {
        @Override
        public void run(CommandCall call, Values values, int hop) {
            Keyspace keys = call.keyspace();
            for (int i = firstKey(call); i < call.count(); i++) {
                if (call.isToYield()) {
                    call.goOn(i);
                    return;
                }
                long entry = KeyCommands.read(call, i);
                if (entry == 0 || keys.type(entry) != Keyspace.TYPE_STRING) {
                    values.addNone();
                } else if (!values.answer(keys.valueAddress(entry), keys.valueLength(entry))) {
                    return;
                }
            }
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            if (transaction.progress() == 0) {
                reply.arrayHeader(transaction.keys());
                transaction.progress(1);
            }
            for (int key = transaction.progress() - 1; key < transaction.keys(); key++) {
                if (transaction.isToYield()) {
                    transaction.progress(key + 1);
                    return false;
                }
                ByteStrings found = transaction.values(transaction.owner(key)).strings();
                found.next();
                if (found.exists()) {
                    reply.bulk(found.address(), found.length());
                } else {
                    reply.nullValue();
                }
            }
            return true;
        }
    };

    static final Spread MSET = Spread.ok(call -> {
        Keyspace keys = call.keyspace();
        for (int i = firstKey(call); i < call.count(); i += 2) {
            if (call.isToYield()) {
                call.goOn(i);
                return;
            }
            keys.set(call.address(i), call.length(i), call.address(i + 1), call.length(i + 1), 0);
        }
    });

    /** First each part says how many of its keys are there, then all are set if none is. */
    static final Spread MSETNX = new Spread() {
        @Override
        public int hops() {
            return 2;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            for (int i = firstKey(call); i < call.count(); i += 2) {
                if (call.isToYield()) {
                    call.goOn(i);
                    return;
                }
                if (hop == 1) {
                    call.keyspace().set(call.address(i), call.length(i), call.address(i + 1), call.length(i + 1), 0);
                } else if (KeyCommands.find(call, i) != 0) {
                    values.number(1);
                    return;
                }
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            return transaction.sum() == 0;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.integer(transaction.sum() == 0 ? 1 : 0);
            return true;
        }
    };

    static final Spread DEL = Spread.sum(call -> {
        int removed = 0;
        for (int i = firstKey(call); i < call.count(); i++) {
            if (call.isToYield()) {
                call.goOn(i);
                return removed;
            }
            removed += KeyCommands.delete(call, i) ? 1 : 0;
        }
        return removed;
    });

    static final Spread EXISTS = Spread.sum(call -> {
        int present = 0;
        for (int i = firstKey(call); i < call.count(); i++) {
            if (call.isToYield()) {
                call.goOn(i);
                return present;
            }
            present += KeyCommands.look(call, i) == 0 ? 0 : 1;
        }
        return present;
    });

    static final Spread TOUCH = Spread.sum(call -> {
        int present = 0;
        for (int i = firstKey(call); i < call.count(); i++) {
            if (call.isToYield()) {
                call.goOn(i);
                return present;
            }
            present += KeyCommands.read(call, i) == 0 ? 0 : 1;
        }
        return present;
    });

    static final Spread DBSIZE = Spread.sum(call -> call.keyspace().size(call.database()));

    static final Spread FLUSHALL = okOrError(call -> ServerCommands.flush(call, false));

    static final Spread FLUSHDB = okOrError(call -> ServerCommands.flush(call, true));

    static final Spread SWAPDB = okOrError(ServerCommands::swapHere);

    /** The parts do something, and answer what is wrong, which is the same for all of them. */
    private static Spread okOrError(Function<CommandCall, @Nullable String> part) {
        return new Spread() {
            @Override
            public void run(CommandCall call, Values values, int hop) {
                String error = part.apply(call);
                if (error != null) {
                    values.error(error);
                }
            }

            @Override
            public boolean conclude(Transaction transaction, ReplyWriter reply) {
                reply.ok();
                return true;
            }
        };
    }

    private SpreadCommands() {}

    static void msetnx(CommandCall call) {
        if ((call.count() & 1) == 0) {
            call.reply().error("ERR wrong number of arguments for 'msetnx' command");
            return;
        }
        for (int i = 1; i < call.count(); i += 2) {
            if (KeyCommands.find(call, i) != 0) {
                call.reply().integer(0);
                return;
            }
        }
        for (int i = 1; i < call.count(); i += 2) {
            call.keyspace().set(call.address(i), call.length(i), call.address(i + 1), call.length(i + 1), 0);
        }
        call.reply().integer(1);
    }

    /** Where a part begins, or goes on. */
    private static int firstKey(CommandCall call) {
        return (int) Math.max(1, call.cursor());
    }
}
